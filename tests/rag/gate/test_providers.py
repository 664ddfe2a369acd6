"""One suite over two clouds: everything a provider does becomes a piece or one of our errors."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time

import pytest
from pydantic import SecretStr

from rag.config import Settings
from rag.errors import ConfigError, CutShort, EgressRefused, ModelError, RateLimited, TimedOut, Unreachable
from rag.gate.providers import CloudModel
from rag.records import Excerpt, Piece, ProgressPiece, Prompt, TextPiece, UsagePiece
from tests.fakes.cloud_server import SCENARIOS, CloudServer, Scenario
from tests.rag.gate.conftest import MakeSettings


def ask(settings: Settings, keyword: str, got: list[Piece] | None = None) -> list[Piece]:
    """Stream one answer; what came before an error is left in `got`."""
    pieces: list[Piece] = [] if got is None else got

    async def run() -> None:
        model = CloudModel(settings.cloud, SecretStr("key-of-the-gate"))
        try:
            async for piece in model.stream(Prompt(keyword, (Excerpt(1, "handbook.md", "", "Five days carry over."),))):
                pieces.append(piece)  # noqa: PERF401  what came before an error must be kept
        finally:
            await model.close()

    asyncio.run(run())
    return pieces


def text_of(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def test_an_answer_streams_and_ends_with_its_usage(cloud_url: str, make_settings: MakeSettings) -> None:
    pieces = ask(make_settings(cloud_url), "scenario-plain")
    assert pieces[0] == ProgressPiece("sent")
    assert text_of(pieces) == SCENARIOS["scenario-plain"].content
    assert len([piece for piece in pieces if isinstance(piece, TextPiece)]) > 3
    usage = pieces[-1]
    assert isinstance(usage, UsagePiece)
    assert (usage.tokens_in, usage.tokens_out) == (11, 8)
    assert usage.request_digest is not None
    assert len(usage.request_digest) == 64


@pytest.mark.parametrize(
    ("keyword", "kind", "message"),
    [
        ("scenario-refused-key", Unreachable, "the key was refused"),
        ("scenario-unknown-model", Unreachable, "does not know this model"),
        ("scenario-pause", RateLimited, "asks for a pause"),
        ("scenario-broken", Unreachable, "the provider failed (500)"),
    ],
)
def test_an_error_status_becomes_a_named_error_without_the_provider_s_words(
    cloud_url: str, make_settings: MakeSettings, keyword: str, kind: type[ModelError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        ask(make_settings(cloud_url), keyword)
    assert message in str(caught.value)
    assert "quotes the request" not in str(caught.value)


def test_a_pause_carries_the_seconds_the_provider_asked_for(cloud_url: str, make_settings: MakeSettings) -> None:
    with pytest.raises(RateLimited) as caught:
        ask(make_settings(cloud_url), "scenario-pause")
    assert caught.value.retry_after == 7.0


@pytest.mark.parametrize(
    ("keyword", "kind", "message"),
    [
        ("scenario-filter", ModelError, "content filter"),
        ("scenario-length", CutShort, "length limit"),
        ("scenario-cut", CutShort, "broke off"),
    ],
)
def test_an_answer_without_a_proper_end_keeps_its_text_and_raises(
    cloud_url: str, make_settings: MakeSettings, keyword: str, kind: type[ModelError], message: str
) -> None:
    got: list[Piece] = []
    with pytest.raises(kind, match=message):
        ask(make_settings(cloud_url), keyword, got)
    assert text_of(got)
    assert SCENARIOS[keyword].content.startswith(text_of(got))


def test_closing_the_stream_closes_the_connection_within_a_second(
    own_cloud: CloudServer, make_settings: MakeSettings
) -> None:
    async def run() -> float:
        model = CloudModel(make_settings(own_cloud.url).cloud, SecretStr("k"))
        stream = model.stream(Prompt("scenario-slow", ()))
        async for piece in stream:
            if isinstance(piece, TextPiece):
                break
        stopped = time.monotonic()
        await stream.aclose()
        while own_cloud.calls[0].left_at is None and time.monotonic() - stopped < 2:
            await asyncio.sleep(0.005)
        await model.close()
        return stopped

    stopped = asyncio.run(run())
    left_at = own_cloud.calls[0].left_at
    assert left_at is not None
    assert left_at - stopped < 1.0


def test_the_digest_is_that_of_the_very_bytes_the_cloud_received(
    own_cloud: CloudServer, make_settings: MakeSettings
) -> None:
    usage = ask(make_settings(own_cloud.url), "scenario-plain")[-1]
    assert isinstance(usage, UsagePiece)
    body = own_cloud.calls[0].body
    assert usage.request_digest == hashlib.sha256(body).hexdigest()
    assert usage.bytes_out == len(body)
    assert json.loads(body)["stream"] is True
    assert json.loads(body)["model"] == "test-model"


def test_the_request_tells_nothing_about_this_machine(own_cloud: CloudServer, make_settings: MakeSettings) -> None:
    ask(make_settings(own_cloud.url), "scenario-plain")
    headers = own_cloud.calls[0].headers
    assert not [name for name in headers if name.startswith("x-stainless")]
    assert headers["user-agent"] == "airlock"
    assert headers["authorization"] == "Bearer key-of-the-gate"
    assert headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_its_target_hears_nothing(
    own_cloud: CloudServer, make_settings: MakeSettings, status: int
) -> None:
    with CloudServer() as other:
        own_cloud.scenarios["away"] = Scenario(status=status, location=f"{other.url}/chat/completions")
        with pytest.raises(EgressRefused, match="redirect"):
            ask(make_settings(own_cloud.url), "away")
        assert other.calls == []
    assert len(own_cloud.calls) == 1


def test_hostile_proxy_gateway_and_tracing_variables_are_not_believed(
    own_cloud: CloudServer, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CloudServer() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        for name in ("OPENAI_API_BASE", "OPENAI_BASE_URL", "LANGSMITH_ENDPOINT", "LANGCHAIN_ENDPOINT"):
            monkeypatch.setenv(name, proxy.url)
        pieces = ask(make_settings(own_cloud.url), "scenario-plain")
        assert text_of(pieces) == SCENARIOS["scenario-plain"].content
        assert proxy.calls == []


def test_a_failed_request_is_sent_once_only(own_cloud: CloudServer, make_settings: MakeSettings) -> None:
    for keyword in ("scenario-broken", "scenario-pause"):
        with pytest.raises(ModelError):
            ask(make_settings(own_cloud.url), keyword)
    assert own_cloud.received.count(b"POST ") == 2


def test_nobody_at_the_address_is_unreachable(make_settings: MakeSettings) -> None:
    with CloudServer() as gone:
        url = gone.url
    with pytest.raises(Unreachable, match="cannot be reached"):
        ask(make_settings(url), "scenario-plain")


def test_a_first_word_that_does_not_come_in_time_is_timed_out(
    own_cloud: CloudServer, make_settings: MakeSettings
) -> None:
    own_cloud.scenarios["late"] = Scenario("late", before_first=5.0)
    with pytest.raises(TimedOut, match="first_token_seconds"):
        ask(make_settings(own_cloud.url, first_token_seconds=0.2), "late")


def test_an_answer_that_trickles_past_the_total_is_timed_out(
    own_cloud: CloudServer, make_settings: MakeSettings
) -> None:
    got: list[Piece] = []
    with pytest.raises(TimedOut, match="total_seconds"):
        ask(make_settings(own_cloud.url, total_seconds=0.5), "scenario-slow", got)
    assert text_of(got)


@pytest.mark.parametrize(
    "raw",
    [
        b"data: {not json\n\n",
        b'data: {"error": {"message": "A message that quotes the request.", "code": "server_error"}}\n\n',
        b"data: [DONE]\n\n",
        b"",
    ],
)
def test_a_stream_of_nonsense_is_a_model_error_without_its_words(
    own_cloud: CloudServer, make_settings: MakeSettings, raw: bytes
) -> None:
    own_cloud.scenarios["nonsense"] = Scenario(raw=raw or b"\n", finish="")
    with pytest.raises(ModelError) as caught:
        ask(make_settings(own_cloud.url), "nonsense")
    assert "quotes the request" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/v1",
        "https://user:pass@example.com/v1",
        "ftp://127.0.0.1/v1",
        "nonsense",
        "http://0.0.0.0/v1",
    ],
)
def test_an_address_that_is_not_https_or_loopback_is_refused_before_anything_starts(
    make_settings: MakeSettings, url: str
) -> None:
    with pytest.raises(ConfigError, match=r"cloud\.base_url"):
        CloudModel(make_settings(url).cloud, SecretStr("k"))


def test_a_provider_that_is_not_known_is_refused(make_settings: MakeSettings) -> None:
    with pytest.raises(ConfigError, match=r"cloud\.provider"):
        CloudModel(make_settings(provider="elsewhere").cloud, SecretStr("k"))


def test_without_a_key_the_model_is_not_ready_and_says_why(make_settings: MakeSettings) -> None:
    status = CloudModel(make_settings().cloud, SecretStr("")).status()
    assert (status.provider, status.host, status.ready, status.why) == (
        "openai",
        "api.openai.com",
        False,
        "no_key",
    )
