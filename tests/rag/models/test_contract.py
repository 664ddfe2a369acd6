"""What every local model must do, asked of both adapters over the same server with the same faults."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

import pytest

from rag.cancel import Cancel
from rag.config import Local
from rag.errors import CutShort, NotProvablyLocal, TimedOut, Unreachable
from rag.records import Piece, ProgressPiece, Prompt, TextPiece, UsagePiece
from tests.fakes.ollama_server import FakeModel, FakeOllama
from tests.rag.models.conftest import QUICK, Adapt, drain, written

Start = Callable[..., FakeOllama]
ANSWER = "The warranty lasts 36 months [1]."


def test_an_answer_streams_piece_by_piece_and_its_figures_come_last(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("small"))
    pieces = list(adapt(fake, "small").stream(prompt, num_ctx=None, cancel=Cancel()))
    texts = [piece.text for piece in pieces if isinstance(piece, TextPiece)]
    assert texts == ["The ", "warranty ", "lasts ", "36 months ", "[1]."]
    usage = pieces[-1]
    assert isinstance(usage, UsagePiece)
    assert usage.tokens_out == 5
    assert usage.tokens_in is not None
    assert usage.tokens_in > 20


def test_the_figures_give_length_and_digest_of_the_bytes_that_were_sent(
    start: Start, adapt: Adapt, prompt: Prompt
) -> None:
    fake = start(FakeModel("small"))
    usage = list(adapt(fake, "small").stream(prompt, num_ctx=None, cancel=Cancel()))[-1]
    assert isinstance(usage, UsagePiece)
    assert fake.asked.requests[-1][1].endswith(("/api/chat", "/chat/completions"))
    assert usage.bytes_out == len(fake.asked.last_bytes)
    assert usage.request_digest == hashlib.sha256(fake.asked.last_bytes).hexdigest()


def test_question_excerpts_and_history_arrive_as_messages(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("small"))
    list(adapt(fake, "small").stream(prompt, num_ctx=None, cancel=Cancel()))
    messages = fake.asked.requests[-1][3]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert "The warranty lasts 36 months." in messages[-1]["content"]
    assert messages[-1]["content"].endswith("How long is the warranty?")


def test_thinking_never_enters_the_answer(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    separate = FakeModel("separate", thinking=("The user ", "wants a secret."))
    inline = FakeModel("inline", answer=("<th", "ink>The secret", " plan</thi", "nk>\n\nIt is ", "36 [1]."))
    fake = start(separate, inline)
    pieces = list(adapt(fake, "separate").stream(prompt, num_ctx=None, cancel=Cancel()))
    assert pieces.count(ProgressPiece("thinking")) == 1
    assert written(pieces) == ANSWER
    pieces = list(adapt(fake, "inline").stream(prompt, num_ctx=None, cancel=Cancel()))
    assert pieces.count(ProgressPiece("thinking")) == 1
    assert written(pieces) == "It is 36 [1]."


def test_a_model_that_only_thinks_has_not_answered(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("ponders", answer=("<think>still ", "thinking</think>")))
    with pytest.raises(CutShort):
        list(adapt(fake, "ponders").stream(prompt, num_ctx=None, cancel=Cancel()))


@pytest.mark.parametrize("fault", ["error", "cut", "cut-json", "no-done", "length"])
def test_an_answer_that_breaks_off_keeps_what_came(start: Start, adapt: Adapt, prompt: Prompt, fault: str) -> None:
    fake = start(FakeModel("breaks", fault=fault, pause=0.01))
    pieces: list[Piece] = []
    with pytest.raises(CutShort) as caught:
        drain(adapt(fake, "breaks").stream(prompt, num_ctx=None, cancel=Cancel()), pieces)
    pieces = []
    with pytest.raises(CutShort):
        drain(adapt(fake, "breaks").stream(prompt, num_ctx=None, cancel=Cancel()), pieces)
    assert written(pieces).startswith("The warranty ")
    assert "warranty" not in str(caught.value)


def test_an_error_line_before_any_text_is_an_error_and_no_answer(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("breaks", fault="error-first"))
    pieces: list[Piece] = []
    with pytest.raises(CutShort):
        drain(adapt(fake, "breaks").stream(prompt, num_ctx=None, cancel=Cancel()), pieces)
    assert written(pieces) == ""


@pytest.mark.parametrize("fault", ["500", "memory"])
def test_a_refusal_is_unreachable_and_does_not_repeat_the_servers_words(
    start: Start, adapt: Adapt, prompt: Prompt, fault: str
) -> None:
    fake = start(FakeModel("refuses", fault=fault))
    with pytest.raises(Unreachable) as caught:
        list(adapt(fake, "refuses").stream(prompt, num_ctx=None, cancel=Cancel()))
    assert "GiB" not in str(caught.value)
    assert len([1 for _, path, _, _ in fake.asked.requests if "chat" in path]) == 1  # never retried


def test_a_missing_model_is_unreachable(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    with pytest.raises(Unreachable):
        list(adapt(start(FakeModel("small")), "other").stream(prompt, num_ctx=None, cancel=Cancel()))


def test_nothing_at_the_address_is_unreachable(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("small"))
    model = adapt(fake, "small", url="http://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(Unreachable):
        list(model.stream(prompt, num_ctx=None, cancel=Cancel()))
    assert time.monotonic() - began < 2


def test_a_slow_first_load_shows_progress(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("slow", load_seconds=1.8))
    pieces = list(adapt(fake, "slow").stream(prompt, num_ctx=None, cancel=Cancel()))
    assert pieces[0] == ProgressPiece("loading_model")
    assert pieces.count(ProgressPiece("loading_model")) == 1
    assert written(pieces) == ANSWER


def test_no_first_token_in_time_is_a_time_out(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("hangs", fault="hang"))
    model = adapt(fake, "hangs", limits=Local(first_token_seconds=2))
    began = time.monotonic()
    with pytest.raises(TimedOut):
        list(model.stream(prompt, num_ctx=None, cancel=Cancel()))
    assert time.monotonic() - began < 10
    assert fake.asked.left.wait(5)


def test_silence_after_the_first_token_cuts_the_answer_short(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("stalls", pause=5.0))
    model = adapt(fake, "stalls", limits=Local(silence_seconds=0.3))
    pieces: list[Piece] = []
    with pytest.raises(CutShort):
        drain(model.stream(prompt, num_ctx=None, cancel=Cancel()), pieces)
    assert written(pieces) == "The "
    assert fake.asked.left.wait(2)


@pytest.mark.parametrize(
    "model", [FakeModel("m", fault="hang"), FakeModel("m", pause=30.0)], ids=["loading", "mid-answer"]
)
def test_stop_cuts_the_connection_within_half_a_second(
    start: Start, adapt: Adapt, prompt: Prompt, model: FakeModel
) -> None:
    fake = start(model)
    cancel = Cancel()
    stream = adapt(fake, "m").stream(prompt, num_ctx=None, cancel=cancel)
    stopped: list[float] = []

    def stop() -> None:
        assert fake.asked.chatting.wait(5)
        time.sleep(0.1)
        stopped.append(time.monotonic())
        cancel.cancel()

    thread = threading.Thread(target=stop)
    thread.start()
    pieces = list(stream)
    ended = time.monotonic()
    assert fake.asked.left.wait(2)
    noticed = time.monotonic()
    thread.join()
    assert ended - stopped[0] < 0.5
    assert noticed - stopped[0] < 0.5
    assert not any(isinstance(piece, UsagePiece) for piece in pieces)


def test_leaving_the_stream_cuts_the_connection(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("m", pause=30.0))
    stream = adapt(fake, "m").stream(prompt, num_ctx=None, cancel=Cancel())
    assert isinstance(next(stream), TextPiece)
    stream.close()  # type: ignore[attr-defined]  # a generator
    assert fake.asked.left.wait(2)


def test_a_token_that_is_already_cancelled_asks_nothing(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("small"))
    cancel = Cancel()
    cancel.cancel()
    assert list(adapt(fake, "small").stream(prompt, num_ctx=None, cancel=cancel)) == []
    assert fake.asked.requests == []


# -- provably local, at every call


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.7:11434",
        "http://localhost:11434",
        "http://ollama.example:11434",
        "http://u:p@127.0.0.1:11434",
    ],
)
def test_an_address_that_is_not_provably_local_is_refused(start: Start, adapt: Adapt, prompt: Prompt, url: str) -> None:
    model = adapt(start(), "small:1b", url=url)
    with pytest.raises(NotProvablyLocal):
        list(model.stream(prompt, num_ctx=None, cancel=Cancel()))


def test_a_trusted_host_counts_as_local(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("small"))
    url = fake.url.replace("127.0.0.1", "localhost")
    model = adapt(fake, "small", url=url, trusted=("localhost",), limits=QUICK)
    assert written(list(model.stream(prompt, num_ctx=None, cancel=Cancel()))) == ANSWER


@pytest.mark.parametrize("name", ["glm-4.6:cloud", "gpt-oss:120b-cloud", "GPT-OSS:120B-Cloud", "x-cloud:latest"])
def test_a_cloud_tag_is_refused_before_anything_is_sent(start: Start, adapt: Adapt, prompt: Prompt, name: str) -> None:
    fake = start(FakeModel(name))
    with pytest.raises(NotProvablyLocal):
        list(adapt(fake, name).stream(prompt, num_ctx=None, cancel=Cancel()))
    assert fake.asked.requests == []


def test_a_model_that_another_host_runs_is_refused_before_the_prompt_is_sent(
    start: Start, adapt: Adapt, prompt: Prompt
) -> None:
    fake = start(FakeModel("plain-name", remote_host="https://ollama.com:443"))
    with pytest.raises(NotProvablyLocal):
        list(adapt(fake, "plain-name").stream(prompt, num_ctx=None, cancel=Cancel()))
    assert [path for _, path, _, _ in fake.asked.requests] == ["/api/show"]


def test_a_reply_that_names_a_remote_host_is_cut_off_before_its_text_is_shown(
    start: Start, adapt: Adapt, prompt: Prompt
) -> None:
    fake = start(FakeModel("sly", remote_host="https://ollama.com:443", hides_remote=True, pause=0.2))
    pieces: list[Piece] = []
    with pytest.raises(NotProvablyLocal):
        drain(adapt(fake, "sly").stream(prompt, num_ctx=None, cancel=Cancel()), pieces)
    assert pieces == []
    assert fake.asked.left.wait(2)


def test_a_model_that_turns_remote_between_two_calls_is_refused_at_the_second(
    start: Start, adapt: Adapt, prompt: Prompt
) -> None:
    fake = start(FakeModel("small"))
    model = adapt(fake, "small")
    assert written(list(model.stream(prompt, num_ctx=None, cancel=Cancel()))) == ANSWER
    fake.models["small"] = FakeModel("small", remote_host="https://ollama.com:443")
    with pytest.raises(NotProvablyLocal):
        list(model.stream(prompt, num_ctx=None, cancel=Cancel()))


def test_a_redirect_is_refused(start: Start, adapt: Adapt, prompt: Prompt) -> None:
    fake = start(FakeModel("moved", fault="redirect"))
    with pytest.raises(NotProvablyLocal):
        list(adapt(fake, "moved").stream(prompt, num_ctx=None, cancel=Cancel()))


def test_the_environment_is_not_believed_and_no_key_is_sent(
    start: Start, adapt: Adapt, prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = start(FakeModel("small"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    for name in (
        "OLLAMA_API_KEY",
        "OPENAI_API_KEY",
        "OPENAI_ADMIN_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
    ):
        monkeypatch.setenv(name, "canary-key")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "x-secret: canary-key")
    assert written(list(adapt(fake, "small").stream(prompt, num_ctx=None, cancel=Cancel()))) == ANSWER
    for _, _, headers, body in fake.asked.requests:
        assert "canary-key" not in f"{headers} {body}"
        assert set(headers) <= {
            "host", "accept", "accept-encoding", "content-type", "content-length", "connection", "user-agent"
        }  # fmt: skip
