"""An OpenAI-compatible server on this machine (llama.cpp, LM Studio, vLLM …) through the `openai` client.

Under the same rules as Ollama, and nothing from the environment: no key, no base URL, no proxy, no retry.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx

from rag.cancel import Cancel
from rag.config import Local
from rag.errors import AirlockError, CutShort, TimedOut, Unreachable
from rag.models.call import Sign, stream_call
from rag.models.context import Fitted, fit, report_left_out
from rag.models.locality import is_cloud_name, refuse_cloud_name
from rag.models.thinking import ThinkingFilter, may_think_unopened
from rag.models.wire import LocalTransport, Upstream, names_remote, refuse_remote_address
from rag.prompt import to_messages
from rag.records import Piece, Prompt, UsagePiece

if TYPE_CHECKING:
    from openai import BadRequestError, OpenAI, Stream
    from openai.types.chat import ChatCompletionChunk

_CONTEXT_IN_WORDS = re.compile(r"context (?:length|size|window)\D{0,40}?(\d{3,7})", re.IGNORECASE)
_TEMPERATURE = 0.2


@dataclass(frozen=True, slots=True)
class OpenAIServer:
    """Where the server is and how long to wait. `door` is the unix socket to it, None to connect directly."""

    url: str
    door: Path | None
    trusted: tuple[str, ...]
    limits: Local

    @contextlib.contextmanager
    def connect(self, upstream: Upstream, *, seconds: float) -> Iterator[tuple[OpenAI, httpx.Client]]:
        """The official client on one call's wire, and the plain one below; `seconds` is the longest silence.

        Raises:
            NotProvablyLocal: the address is not local.
            Unreachable: nothing answers, or the server refuses.
            TimedOut: the server was silent too long.
            CutShort: its reply broke off or is not what it should be.
        """
        from openai import OpenAI

        refuse_remote_address(self.url, self.trusted)
        timeout = httpx.Timeout(seconds, connect=self.limits.connect_seconds)
        wire = LocalTransport(upstream, self.trusted, self.door)
        plain = httpx.Client(transport=wire, trust_env=False, follow_redirects=False, timeout=timeout)
        with plain, _own_errors(upstream):
            # every value a client would otherwise look up in the environment is given
            client = OpenAI(
                api_key="local",
                admin_api_key="",
                organization="",
                project="",
                webhook_secret="",
                base_url=self.url,
                http_client=plain,  # type: ignore[arg-type]  # httpx is accepted beside httpx2
                max_retries=0,
            )
            yield client, plain


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that the server lists. `context` in tokens, None when it does not say."""

    name: str
    context: int | None


def list_served(server: OpenAIServer) -> list[ServedModel]:
    """The models the server offers, without embedding models and those that another host runs.

    Raises:
        ModelError: the server does not answer.
        NotProvablyLocal: its address is not local.
    """
    upstream = Upstream()
    with server.connect(upstream, seconds=server.limits.connect_seconds) as (client, _):
        listed = client.models.list().data
    models = []
    for row in listed or ():
        extra: Mapping[str, Any] = row.model_extra or {}
        if row.id and not is_cloud_name(row.id) and not names_remote(extra) and "embed" not in row.id.lower():
            models.append(ServedModel(row.id, _context_of(extra)))
    return models


class OpenAICompatibleModel:
    """One model of one such server."""

    provider = "openai-compatible"

    def __init__(self, server: OpenAIServer, name: str, context: int | None = None) -> None:
        self._server = server
        self._context = context
        self.name = name

    def stream(self, prompt: Prompt, *, num_ctx: int | None, cancel: Cancel) -> Iterator[Piece]:  # noqa: ARG002
        """Ask the model; yields text as it comes and the figures last. The context size is the server's own.

        Raises:
            NotProvablyLocal: the address, the name or a reply say that another host answers.
            Unreachable: nothing answers, or the server refuses.
            TimedOut: no first token in time.
            CutShort: the answer broke off.
            ModelError: the question does not fit the model's context.
        """
        refuse_cloud_name(self.name)
        return stream_call(lambda upstream: self._read(prompt, upstream), self._server.limits, cancel)

    def _read(self, prompt: Prompt, upstream: Upstream) -> Iterator[Piece | Sign]:
        with self._server.connect(upstream, seconds=self._server.limits.first_token_seconds) as (
            client,
            plain,
        ):
            self._look_behind(plain)
            stream, fitted = self._open(client, upstream, prompt)
            yield from report_left_out(fitted)
            usage = UsagePiece(bytes_out=upstream.bytes_out, request_digest=upstream.request_digest)
            sorter = ThinkingFilter(unopened=may_think_unopened(self.name))
            finish: str | None = None
            for chunk in stream:
                if chunk.usage is not None:
                    usage = UsagePiece(
                        chunk.usage.prompt_tokens,
                        chunk.usage.completion_tokens,
                        usage.bytes_out,
                        usage.request_digest,
                    )
                for choice in chunk.choices[:1]:
                    extra = choice.delta.model_extra or {}
                    if extra.get("reasoning_content") or extra.get("reasoning"):
                        sorter.tell_separate()
                        yield Sign.THINKING
                    yield from sorter.show(choice.delta.content or "")
                    finish = choice.finish_reason or finish
            if finish != "stop":
                raise CutShort(f"the answer broke off ({'no end was sent' if finish is None else finish})")
            yield from sorter.show_rest()
            yield usage

    def _look_behind(self, plain: httpx.Client) -> None:
        """Ask for the model's details as Ollama gives them, whose OpenAI face runs remote models as well.

        The wire refuses a reply that names a remote host. Other servers' answers, mostly 404, say nothing.
        """
        parts = urlsplit(self._server.url)
        plain.post(f"{parts.scheme}://{parts.netloc}/api/show", json={"model": self.name})

    def _open(self, client: OpenAI, upstream: Upstream, prompt: Prompt) -> tuple[Stream[ChatCompletionChunk], Fitted]:
        """Start the answer; when the server says that its context is smaller, once more with what fits."""
        from openai import BadRequestError

        fitted = fit(prompt, kept=None, most=self._context)
        try:
            return self._ask(client, upstream, fitted.prompt), fitted
        except BadRequestError as error:
            limit = _context_in_refusal(error)
            if limit is None:
                raise
            context, counted = limit
        scale = max(1.0, counted / fitted.tokens) if counted else 1.0
        fitted = fit(prompt, kept=None, most=context, scale=scale)
        return self._ask(client, upstream, fitted.prompt), fitted

    def _ask(self, client: OpenAI, upstream: Upstream, prompt: Prompt) -> Stream[ChatCompletionChunk]:
        upstream.answered = False
        opened: Stream[ChatCompletionChunk] = client.chat.completions.create(
            model=self.name,
            messages=cast("Any", to_messages(prompt)),  # plain dicts of role and content, as the client takes them
            stream=True,
            stream_options={"include_usage": True},
            temperature=_TEMPERATURE,
        )
        return opened


def _context_of(extra: Mapping[str, Any]) -> int | None:
    """The context a server states for a model: vLLM's `max_model_len`, llama.cpp's `meta.n_ctx`."""
    meta = extra.get("meta")
    found = extra.get("max_model_len") or (meta.get("n_ctx") if isinstance(meta, Mapping) else None)
    return found if isinstance(found, int) and found > 0 else None


def _context_in_refusal(error: BadRequestError) -> tuple[int, int | None] | None:
    """The context and the counted tokens that a refusal for length tells; None for any other refusal."""
    body = error.body if isinstance(error.body, Mapping) else {}
    context, counted = body.get("n_ctx"), body.get("n_prompt_tokens")
    if isinstance(context, int) and context > 0:
        return context, counted if isinstance(counted, int) else None
    found = _CONTEXT_IN_WORDS.search(str(body.get("message", "")))
    return (int(found[1]), None) if found else None


@contextlib.contextmanager
def _own_errors(upstream: Upstream) -> Iterator[None]:
    """Raise our errors for the client's, without the server's words, which may quote the prompt."""
    import openai

    try:
        yield
    except (
        openai.OpenAIError,
        httpx.HTTPError,
        httpx.StreamError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        raise _explain(error, upstream) from None


def _explain(error: Exception, upstream: Upstream) -> AirlockError:
    import openai

    if isinstance(error.__cause__, AirlockError):
        return error.__cause__  # the wire refused; the client wraps whatever its transport raises
    if isinstance(error, openai.APIStatusError):
        return Unreachable(f"the local server refused the request (status {error.status_code})")
    cause = error.__cause__ or error
    if isinstance(cause, httpx.ConnectTimeout):
        return Unreachable("the local server does not accept connections")
    if isinstance(cause, httpx.TimeoutException | openai.APITimeoutError):
        return TimedOut("the local server was silent too long")
    if upstream.answered:
        return CutShort(f"the local server's reply broke off ({type(cause).__name__})")
    return Unreachable(f"the local server does not answer ({type(cause).__name__})")
