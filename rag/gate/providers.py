"""The cloud model itself: LangChain's chat model on the gated wire, streamed under deadlines.

Decides nothing about sending: the prompt it is given was judged. LangChain is imported at first use.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
from pydantic import SecretStr

from rag.config import Cloud
from rag.errors import AirlockError, ConfigError, TimedOut
from rag.gate.failures import explain, explain_finish
from rag.gate.transport import OPENAI_URL, Origin, SilentTransport, allow_one_request, open_client
from rag.gate.wire import GateStatus
from rag.prompt import to_messages
from rag.records import Piece, ProgressPiece, Prompt, TextPiece, UsagePiece

PROVIDERS = ("openai",)


class CloudModel:
    """One provider's model. Built cheaply; `load` does the expensive import and may run in any thread."""

    def __init__(self, cloud: Cloud, key: SecretStr, base_url: str = "") -> None:
        """`base_url` is what the environment gave; the configuration's own comes first.

        Raises:
            ConfigError: the provider is none that is known, or the address may not be used.
        """
        if cloud.provider not in PROVIDERS:
            raise ConfigError(f"cloud.provider: '{cloud.provider}' is not available; use {', '.join(PROVIDERS)}")
        self._cloud = cloud
        self._key = key
        self._url = cloud.base_url or base_url or OPENAI_URL
        self._origin = Origin.of(self._url)
        self._client = open_client(self._origin, cloud)
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
        tokens_in = tokens_out = finish = None
        deadlines = _Deadlines(self._cloud)
        async with aclosing(chat.astream(to_messages(prompt))) as chunks:
            async for chunk in deadlines.watch(chunks):
                if text := _text_of(chunk.content):
                    yield TextPiece(text)
                finish = chunk.response_metadata.get("finish_reason") or finish
                if usage := chunk.usage_metadata:
                    tokens_in, tokens_out = usage["input_tokens"], usage["output_tokens"]
        yield UsagePiece(tokens_in, tokens_out)
        if failure := explain_finish(finish):
            raise failure

    def _build(self) -> Any:
        from langchain.chat_models import init_chat_model

        return init_chat_model(
            self._cloud.model,
            model_provider=self._cloud.provider,
            api_key=self._key,
            base_url=self._url,
            http_async_client=self._client,
            http_client=httpx.Client(transport=SilentTransport(), trust_env=False),
            max_retries=0,
            use_responses_api=False,
            stream_usage=True,
            stream_chunk_timeout=None,
            cache=False,
            callbacks=[],
        )


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


def _text_of(content: Any) -> str:
    """The text of a chunk's content, which is a string or a list of typed blocks."""
    if isinstance(content, str):
        return content
    return "".join(
        block.get("text", "") for block in content if isinstance(block, dict) and block.get("type") == "text"
    )
