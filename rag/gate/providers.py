"""The cloud model itself: LangChain's chat model on the gated wire, streamed under deadlines.

Decides nothing about sending: the prompt it is given was judged. LangChain is imported at first use.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from pydantic import SecretStr

from rag.config import Cloud
from rag.errors import AirlockError, TimedOut
from rag.gate.catalogue import Wire, find_provider
from rag.gate.failures import explain, explain_finish
from rag.gate.transport import Origin, allow_one_request, open_client, open_silent_client
from rag.gate.wire import GateStatus
from rag.prompt import to_messages
from rag.records import Piece, ProgressPiece, Prompt, TextPiece, UsagePiece

_FINISH_KEYS = ("finish_reason", "stop_reason", "stopReason")
"""Where LangChain's chat models put a stream's last word, by provider."""


class CloudModel:
    """One provider's model. Built cheaply; `load` does the expensive import and may run in any thread."""

    def __init__(self, cloud: Cloud, key: SecretStr, base_url: str = "") -> None:
        """`base_url` is what the environment gave; the configuration's own comes first.

        Raises:
            ConfigError: the provider is none that is known, or the address may not be used.
        """
        self._provider = find_provider(cloud.provider)
        self._cloud = cloud
        self._key = key
        self._url = self._provider.check(cloud.provider, cloud.base_url or base_url)
        self._origin = Origin.of(self._url)
        self._client = open_client(self._origin, cloud, self._provider.library)
        self._lock = threading.Lock()
        self._chat: Any = None

    def status(self) -> GateStatus:
        """What would be asked, and whether it can be."""
        ready = bool(self._key.get_secret_value())
        return GateStatus(self._cloud.provider, self._cloud.model, self._origin.host, ready, "" if ready else "no_key")

    def load(self) -> Any:
        """The chat model, imported and built once."""
        with self._lock:
            if self._chat is None:
                self._chat = self._build()
            return self._chat

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """Send `prompt` once and yield the pieces, usage last. Closing the iterator closes the connection.

        Raises:
            ModelError: the provider failed; `CutShort` once text has come.
            EgressRefused: the wire was about to leave the configured host.
        """
        chat = self._chat or await asyncio.to_thread(self.load)
        started = False
        with allow_one_request() as permit:
            try:
                async with aclosing(self._read(chat, prompt)) as pieces:
                    async for piece in pieces:
                        started = started or isinstance(piece, TextPiece)
                        if isinstance(piece, UsagePiece):
                            piece = UsagePiece(piece.tokens_in, piece.tokens_out, permit.bytes_out, permit.digest)
                        yield piece
            except AirlockError:
                raise
            except Exception as error:
                raise explain(error, started=started) from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _read(self, chat: Any, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        """The provider's chunks as pieces; the usage piece comes before a finish that is an error."""
        yield ProgressPiece("sent")
        finish: str | None = None
        tokens: tuple[int, int] | None = None
        deadlines = _Deadlines(self._cloud)
        async with aclosing(chat.astream(to_messages(prompt))) as chunks:
            async for chunk in deadlines.watch(chunks):
                if text := _text_of(chunk.content):
                    yield TextPiece(text)
                finish = next(
                    (chunk.response_metadata[key] for key in _FINISH_KEYS if chunk.response_metadata.get(key)), finish
                )
                if usage := chunk.usage_metadata:
                    before = tokens or (0, 0)
                    tokens = (before[0] + usage["input_tokens"], before[1] + usage["output_tokens"])
        yield UsagePiece(*(tokens or (None, None)))
        if failure := explain_finish(finish):
            raise failure

    def _build(self) -> Any:
        silent = open_silent_client(self._provider.library)
        return self._provider.build(Wire(self._cloud, self._key, self._url, self._client, silent))


class _Deadlines:
    """The two deadlines of one answer: its first chunk, and its end."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def watch(self, chunks: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Pass chunks on while they come in time.

        Raises:
            TimedOut: one did not.
        """
        clock = asyncio.get_running_loop()
        started = clock.time()
        end = started + self._cloud.total_seconds
        until = min(end, started + self._cloud.first_token_seconds)
        first = True
        while True:
            try:
                async with asyncio.timeout_at(until):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                which = "first_token_seconds" if first and until < end else "total_seconds"
                raise TimedOut(f"the provider did not answer within cloud.{which}") from error
            first, until = False, end
            yield chunk


def _last_word(metadata: Mapping[str, Any]) -> str | None:
    """Why a stream ended, wherever its provider's class says so."""
    return next((str(metadata[key]) for key in _FINISH_KEYS if metadata.get(key)), None)


def _text_of(content: Any) -> str:
    """The text of a chunk's content, which is a string or a list of typed blocks."""
    if isinstance(content, str):
        return content
    return "".join(
        block.get("text", "") for block in content if isinstance(block, dict) and block.get("type") == "text"
    )
