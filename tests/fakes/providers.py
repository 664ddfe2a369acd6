"""Every cloud provider in front of aimock, and every behaviour each must show: the contract of docs/models.md.

`python -m tests.fakes.providers` runs all of it and writes the table into that page; pytest runs the same checks.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from rag.config import Settings
from rag.errors import CutShort, ModelError, RateLimited, Unreachable
from rag.gate.catalogue import PROVIDERS
from rag.gate.providers import CloudModel
from rag.records import Excerpt, Piece, Prompt, TextPiece, UsagePiece
from tests.fakes.aimock import run_aimock
from tests.fakes.cloud_server import SCENARIOS

PAGE = Path(__file__).parents[2] / "docs" / "models.md"
BEGIN, END = "<!-- contract: written by python -m tests.fakes.providers -->", "<!-- end of contract -->"
KEY = "key-of-the-gate"

WITHOUT_PREFIX = frozenset(("azure_openai", "anthropic", "google"))
"""Providers whose address is that of the host, without /v1."""


def model_of(provider: str, url: str, **cloud: object) -> CloudModel:
    """The provider's model, asked at aimock's `url`."""
    base = url.removesuffix("/v1") if provider in WITHOUT_PREFIX else url
    settings = {"enabled": True, "base_url": base, "model": "test-model", "provider": provider, **cloud}
    return CloudModel(Settings(home=Path(tempfile.gettempdir()) / "unused", cloud=settings).cloud, SecretStr(KEY))


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    pieces: list[Piece]
    error: Exception | None

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces if isinstance(piece, TextPiece))

    @property
    def usage(self) -> UsagePiece:
        return next(piece for piece in self.pieces if isinstance(piece, UsagePiece))


def ask(provider: str, url: str, keyword: str) -> Outcome:
    """Stream one answer; an error ends it and is kept."""
    pieces: list[Piece] = []

    async def run() -> Exception | None:
        model = model_of(provider, url)
        try:
            async for piece in model.stream(Prompt(keyword, (Excerpt(1, "handbook.md", "", "Five days carry over."),))):
                pieces.append(piece)  # noqa: PERF401  what came before an error must be kept
        except (ModelError, AssertionError) as error:
            return error
        finally:
            await model.close()
        return None

    return Outcome(pieces, asyncio.run(run()))


def streams(provider: str, url: str) -> None:
    done = ask(provider, url, "scenario-plain")
    assert done.error is None
    assert done.text == SCENARIOS["scenario-plain"].content
    assert sum(isinstance(piece, TextPiece) for piece in done.pieces) > 3


def counts_usage(provider: str, url: str) -> None:
    usage = ask(provider, url, "scenario-plain").usage
    assert usage.tokens_out == 8
    # aimock says 0 prompt tokens in Anthropic's stream.
    assert usage.tokens_in == (0 if provider == "anthropic" else 11)
    assert len(usage.request_digest or "") == len(hashlib.sha256().hexdigest())
    assert (usage.bytes_out or 0) > 300


def cancels(provider: str, url: str) -> None:
    async def run() -> float:
        model = model_of(provider, url)
        async with aclosing(model.stream(Prompt("scenario-slow", ()))) as pieces:
            async for piece in pieces:
                if isinstance(piece, TextPiece):
                    break
            began = time.monotonic()
        await model.close()
        return time.monotonic() - began

    assert asyncio.run(run()) < 1.0


def refuses_a_wrong_key(provider: str, url: str) -> None:
    _fails(provider, url, "scenario-refused-key", Unreachable, "the key was refused (401)")


def names_an_unknown_model(provider: str, url: str) -> None:
    _fails(provider, url, "scenario-unknown-model", Unreachable, "does not know this model")


def pauses_as_asked(provider: str, url: str) -> None:
    error = _fails(provider, url, "scenario-pause", RateLimited, "asks for a pause (429)")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 7.0


def says_that_it_failed(provider: str, url: str) -> None:
    _fails(provider, url, "scenario-broken", Unreachable, "failed (500)")


def says_that_a_filter_stopped_it(provider: str, url: str) -> None:
    _fails(provider, url, "scenario-filter", ModelError, "content filter")


def says_that_it_was_too_long(provider: str, url: str) -> None:
    done = ask(provider, url, "scenario-length")
    assert isinstance(done.error, CutShort)
    assert done.text == SCENARIOS["scenario-length"].content


def keeps_what_came_before_a_cut(provider: str, url: str) -> None:
    done = ask(provider, url, "scenario-cut")
    assert isinstance(done.error, ModelError)
    assert SCENARIOS["scenario-cut"].content.startswith(done.text)
    assert isinstance(done.error, CutShort) == bool(done.text)


def _fails(provider: str, url: str, keyword: str, kind: type[ModelError], words: str) -> ModelError:
    error = ask(provider, url, keyword).error
    assert isinstance(error, kind), error
    assert words in str(error)
    assert "quotes the request" not in str(error)
    return error


BEHAVIOURS: Mapping[str, Callable[[str, str], None]] = {
    "streams": streams,
    "usage": counts_usage,
    "cancel": cancels,
    "401": refuses_a_wrong_key,
    "404": names_an_unknown_model,
    "429 + Retry-After": pauses_as_asked,
    "500": says_that_it_failed,
    "content filter": says_that_a_filter_stopped_it,
    "length": says_that_it_was_too_long,
    "cut stream": keeps_what_came_before_a_cut,
}


def render_table(url: str) -> str:
    """Run every check and give the table."""
    lines = ["| Provider | " + " | ".join(BEHAVIOURS) + " |", "| --- " * (len(BEHAVIOURS) + 1) + "|"]
    for name, provider in PROVIDERS.items():
        marks = ["✓" if _holds(check, name, url) else "✗" for check in BEHAVIOURS.values()]
        lines.append(f"| {provider.title} (`{name}`) | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def _holds(check: Callable[[str, str], None], provider: str, url: str) -> bool:
    try:
        check(provider, url)
    except AssertionError:
        return False
    return True


def main() -> int:
    """Write the table into the page; returns 1 when a check does not hold."""
    with tempfile.TemporaryDirectory() as folder, run_aimock(Path(folder)) as url:
        table = render_table(url)
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return int("✗" in table)


if __name__ == "__main__":
    sys.exit(main())
