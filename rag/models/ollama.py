"""Ollama through its official client, provably local at every call; lists its models and asks one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import ValidationError

from rag.cancel import Cancel
from rag.config import Local
from rag.errors import CutShort, ModelError, NotProvablyLocal, TimedOut, Unreachable
from rag.models.call import Sign, stream_call
from rag.models.context import fit, report_left_out
from rag.models.locality import is_cloud_name, refuse_cloud_name
from rag.models.thinking import ThinkingFilter, may_think_unopened
from rag.models.wire import LocalTransport, Upstream, names_remote, refuse_remote_address
from rag.prompt import to_messages
from rag.records import Piece, Prompt, UsagePiece

if TYPE_CHECKING:
    from ollama import Client

_EMBEDDING_FAMILIES = frozenset({"bert", "nomic-bert", "nomic-bert-moe"})
_TEMPERATURE = 0.2


@dataclass(frozen=True, slots=True)
class OllamaServer:
    """Where an Ollama is and how long to wait. `door` is the unix socket to it, None to connect directly."""

    url: str
    door: Path | None
    trusted: tuple[str, ...]
    limits: Local

    @contextlib.contextmanager
    def connect(self, upstream: Upstream, *, seconds: float | None = None) -> Iterator[Client]:
        """The official client on one call's wire; `seconds` is the longest silence.

        Raises:
            NotProvablyLocal: the address is not local.
            Unreachable: nothing answers, or the client cannot be loaded in this environment.
            TimedOut: the server was silent too long.
            CutShort: its reply broke off or is not what it should be.
        """
        refuse_remote_address(self.url, self.trusted)
        client = _load_client()(
            self.url,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(seconds, connect=self.limits.connect_seconds),
            transport=LocalTransport(upstream, self.trusted, self.door),
        )
        with client, _own_errors(upstream):
            yield client


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """A model that Ollama can run here, and what is known of it. `size` in bytes, `context` in tokens."""

    name: str
    size: int
    context: int | None
    thinks: bool
    loaded: bool


class OllamaLibrary:
    """What one Ollama has installed; remembers a model's details by its digest."""

    def __init__(self, server: OllamaServer) -> None:
        self._server = server
        self._details: dict[str, Mapping[str, Any]] = {}

    def installed(self) -> list[InstalledModel]:
        """The models that answer questions and run here: no embedding model, none that another host runs.

        Raises:
            ModelError: Ollama does not answer.
            NotProvablyLocal: its address is not local.
        """
        upstream = Upstream()
        with self._server.connect(upstream, seconds=self._server.limits.connect_seconds) as client:
            client.list()
            listed = _rows(upstream.documents.get("/api/tags"))
            client.ps()
            loaded = {row.get("model") for row in _rows(upstream.documents.get("/api/ps"))}
        models = []
        for row in listed:
            name = str(row.get("model") or row.get("name") or "")
            if not name or is_cloud_name(name) or names_remote(row):
                continue
            details = self._show(name, str(row.get("digest", "")))
            if details is not None and not _is_embedding(name, details):
                size = row.get("size")
                models.append(
                    InstalledModel(
                        name=name,
                        size=size if isinstance(size, int) else 0,
                        context=_context_length(details),
                        thinks="thinking" in (details.get("capabilities") or ()),
                        loaded=name in loaded,
                    )
                )
        return models

    def _show(self, name: str, digest: str) -> Mapping[str, Any] | None:
        """A model's details; None when it is remote or its details cannot be read."""
        key = f"{name} {digest}"
        if key not in self._details:
            upstream = Upstream()
            try:
                with self._server.connect(upstream, seconds=self._server.limits.connect_seconds) as client:
                    self._details[key] = _show_raw(client, upstream, name)
            except (NotProvablyLocal, ModelError):
                return None
        return self._details[key]


class OllamaModel:
    """One model of one Ollama."""

    provider = "ollama"

    def __init__(self, server: OllamaServer, name: str) -> None:
        self._server = server
        self.name = name

    def stream(self, prompt: Prompt, *, num_ctx: int | None, cancel: Cancel) -> Iterator[Piece]:
        """Ask the model; yields text as it comes and the figures last.

        Args:
            num_ctx: the context size this conversation's model is loaded with; it is kept or grown.

        Raises:
            NotProvablyLocal: the address, the name, the details or a reply say that another host answers.
            Unreachable: nothing answers, or the server refuses.
            TimedOut: no first token in time.
            CutShort: the answer broke off.
            ModelError: the question does not fit the model's context.
        """
        refuse_cloud_name(self.name)
        return stream_call(lambda upstream: self._read(prompt, num_ctx, upstream), self._server.limits, cancel)

    def _read(self, prompt: Prompt, num_ctx: int | None, upstream: Upstream) -> Iterator[Piece | Sign]:
        with self._server.connect(upstream, seconds=self._server.limits.first_token_seconds) as client:
            details = _show_raw(client, upstream, self.name)
            fitted = fit(prompt, kept=num_ctx, most=_context_length(details))
            yield from report_left_out(fitted)
            thinks = "thinking" in (details.get("capabilities") or ())
            upstream.answered = False
            stream = client.chat(
                self.name,
                to_messages(fitted.prompt),
                stream=True,
                # the excerpts hold the answer: thinking would only delay it. Models that cannot but think
                # still do, and what they think is dropped below
                think=False if thinks else None,
                options={
                    "num_ctx": fitted.num_ctx,
                    "num_predict": fitted.num_ctx - fitted.tokens,
                    "temperature": _TEMPERATURE,
                },
            )
            sorter = ThinkingFilter(unopened=not thinks and may_think_unopened(self.name))
            for part in stream:
                if part.message.thinking:
                    sorter.tell_separate()
                    yield Sign.THINKING
                yield from sorter.show(part.message.content or "")
                if part.done:
                    break
            else:
                raise CutShort("Ollama's reply ended without its last line")
            if part.done_reason == "length":
                raise CutShort("the answer reached the end of the model's context")
            yield from sorter.show_rest()
            yield UsagePiece(
                tokens_in=part.prompt_eval_count,
                tokens_out=part.eval_count,
                bytes_out=upstream.bytes_out,
                request_digest=upstream.request_digest,
                num_ctx=fitted.num_ctx,
            )


def _load_client() -> type[Client]:
    try:
        from ollama import Client
    except Exception as error:  # importing it builds a client from the environment, which can fail on a bad proxy
        raise Unreachable(f"the ollama client cannot be loaded in this environment ({type(error).__name__})") from error
    return Client


def _show_raw(client: Client, upstream: Upstream, name: str) -> Mapping[str, Any]:
    """`/api/show` as the server sent it. The wire has refused it by now when it names a remote host."""
    with contextlib.suppress(ValidationError):  # the client wants fields that older servers leave out
        client.show(name)
    details = upstream.documents.get("/api/show")
    if not isinstance(details, Mapping):
        raise Unreachable("Ollama does not describe the model")
    return details


def _rows(document: object) -> list[Mapping[str, Any]]:
    rows = document.get("models") if isinstance(document, Mapping) else None
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _context_length(details: Mapping[str, Any]) -> int | None:
    info = details.get("model_info")
    if not isinstance(info, Mapping):
        return None
    found = info.get(f"{info.get('general.architecture')}.context_length")
    return found if isinstance(found, int) and found > 0 else None


def _is_embedding(name: str, details: Mapping[str, Any]) -> bool:
    capabilities = details.get("capabilities")
    if isinstance(capabilities, list) and capabilities:
        return "completion" not in capabilities
    described = details.get("details")
    families = set()
    if isinstance(described, Mapping):
        families = {described.get("family"), *(described.get("families") or ())}
    return bool(families & _EMBEDDING_FAMILIES) or "embed" in name.lower()


@contextlib.contextmanager
def _own_errors(upstream: Upstream) -> Iterator[None]:
    """Raise our errors for the client's, without the server's words, which may quote the prompt."""
    from ollama import ResponseError

    try:
        yield
    except ResponseError as error:
        raise _explain(error.status_code, str(error.error)) from None
    except httpx.TimeoutException as error:
        if isinstance(error, httpx.ConnectTimeout):
            raise Unreachable("Ollama does not accept connections") from None
        raise TimedOut("Ollama was silent too long") from None
    except (
        httpx.TransportError,
        httpx.StreamError,
        ConnectionError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:
        if upstream.answered:
            raise CutShort(f"Ollama's reply broke off ({type(error).__name__})") from None
        raise Unreachable(f"Ollama does not answer ({type(error).__name__})") from None


def _explain(status: int, words: str) -> ModelError:
    """The error for a refusal by Ollama. Its client gives status -1 to an error line after HTTP 200."""
    if status == -1:
        return CutShort(f"Ollama reported an error in mid-answer ({len(words)} characters)")
    if status == 404:
        return Unreachable("Ollama does not have this model")
    if "memory" in words.lower():
        return Unreachable("the model needs more memory than Ollama has")
    return Unreachable(f"Ollama refused the request (status {status}, {len(words)} characters)")
