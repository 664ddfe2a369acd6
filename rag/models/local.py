"""The models on this machine: what is configured and reachable, and which one answers. Sends no text."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from rag.cancel import Cancel
from rag.config import Settings, is_local_url
from rag.errors import AirlockError
from rag.models.doors import Doors
from rag.records import Piece, Prompt, Reason

if TYPE_CHECKING:
    from rag.models.ollama import InstalledModel, OllamaLibrary, OllamaServer
    from rag.models.openai_compatible import OpenAIServer

OLLAMA = "ollama"
OPENAI_COMPATIBLE = "openai-compatible"

_REMEMBER_SECONDS = 5.0
_CONTEXT_SHARE = 0.2  # what a context of a few thousand tokens takes beside the weights
_BYTES_BESIDES = 512 * 1024 * 1024


class LocalModel(Protocol):
    """A model that answers on this machine or a trusted host."""

    @property
    def provider(self) -> str:
        """`ollama` or `openai-compatible`."""
        ...

    @property
    def name(self) -> str:
        """The model's name, as its server knows it."""
        ...

    def stream(self, prompt: Prompt, *, num_ctx: int | None, cancel: Cancel) -> Iterator[Piece]:
        """Answer `prompt`; proves that it is local before anything is sent, at every call.

        Raises:
            NotProvablyLocal: another host would answer, or does.
            ModelError: it could not answer, or not to the end.
        """
        ...


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A usable local model. `context` in tokens; `note` is `loaded`, `too_large` or empty."""

    provider: str
    name: str
    size_bytes: int | None
    fits_memory: bool
    context: int | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one look at a server found; `reason` says why it offers nothing."""

    models: tuple[ModelInfo, ...] = ()
    reason: Reason | None = None


class LocalModels:
    """What is configured and reachable; looks again after five seconds. Safe to use from several threads."""

    def __init__(self, settings: Settings, doors: Doors) -> None:
        self._settings = settings
        self._doors = doors
        self._lock = threading.Lock()
        self._library: OllamaLibrary | None = None
        self._looked_at = float("-inf")
        self._ollama = _Seen()
        self._served = _Seen()

    def available(self) -> list[ModelInfo]:
        """The models that can answer here: Ollama's, largest first, then the other server's. Never raises."""
        ollama, served = self._look()
        return [*ollama.models, *served.models]

    def pick(self, wanted: str | None = None) -> LocalModel | None:
        """The model to ask: `wanted` if it is there, else the configured one, else the best that fits."""
        ollama, served = self._look()
        by_name = (info for info in (*ollama.models, *served.models) if info.name == wanted)
        chosen = next(by_name, None) or self._default(ollama, served)
        return self._open(chosen) if chosen else None

    def why_none(self) -> Reason | None:
        """Why no local model can answer; None when one can."""
        ollama, served = self._look()
        if self._default(ollama, served) is not None:
            return None
        local = self._settings.local
        if ollama.models and local.ollama_model:
            return Reason("model_missing", {"model": local.ollama_model})
        if served.models:
            return Reason("model_missing", {"model": local.openai_model})
        configured_only = served.reason if local.openai_url else None
        return configured_only or ollama.reason or Reason("ollama_no_model")

    def _default(self, ollama: _Seen, served: _Seen) -> ModelInfo | None:
        """A configured model is never replaced; a configured server goes before what Ollama has."""
        local = self._settings.local
        if local.ollama_model:
            names = {local.ollama_model, f"{local.ollama_model}:latest"}
            named = next((info for info in ollama.models if info.name in names), None)
            if named:
                return named
        for info in served.models:
            if local.openai_model in ("", info.name):
                return info
        return None if local.ollama_model else _best(ollama.models)

    def _open(self, info: ModelInfo) -> LocalModel:
        if info.provider == OLLAMA:
            from rag.models.ollama import OllamaModel

            return OllamaModel(self._ollama_server(), info.name)
        from rag.models.openai_compatible import OpenAICompatibleModel

        return OpenAICompatibleModel(self._openai_server(), info.name, info.context)

    # -- looking

    def _look(self) -> tuple[_Seen, _Seen]:
        with self._lock:
            if time.monotonic() - self._looked_at > _REMEMBER_SECONDS:
                self._ollama = self._look_at_ollama()
                self._served = self._look_at_served()
                self._looked_at = time.monotonic()
            return self._ollama, self._served

    def _look_at_ollama(self) -> _Seen:
        url = self._settings.local.ollama_url
        if not url:
            return _Seen(reason=Reason("ollama_off"))
        from rag.models.ollama import OllamaLibrary

        self._library = self._library or OllamaLibrary(self._ollama_server())
        try:
            installed = self._library.installed()
        except AirlockError:
            return _Seen(reason=Reason("ollama_unreachable", {"address": _address(url)}))
        free = _free_memory() if is_local_url(url) else None  # a trusted host's memory is not ours to count
        models = sorted((_describe(model, free) for model in installed), key=lambda info: -(info.size_bytes or 0))
        return _Seen(tuple(models), None if models else Reason("ollama_no_model"))

    def _look_at_served(self) -> _Seen:
        url = self._settings.local.openai_url
        if not url:
            return _Seen()
        from rag.models.openai_compatible import list_served

        try:
            served = list_served(self._openai_server())
        except AirlockError:
            return _Seen(reason=Reason("server_unreachable", {"address": _address(url)}))
        # a server that runs has its model in memory already
        return _Seen(tuple(ModelInfo(OPENAI_COMPATIBLE, row.name, None, True, row.context) for row in served))

    def _ollama_server(self) -> OllamaServer:
        from rag.models.ollama import OllamaServer

        settings = self._settings
        return OllamaServer(
            settings.local.ollama_url, self._doors.ollama_socket, settings.trusted_local_hosts, settings.local
        )

    def _openai_server(self) -> OpenAIServer:
        from rag.models.openai_compatible import OpenAIServer

        settings = self._settings
        return OpenAIServer(
            settings.local.openai_url, self._doors.openai_socket, settings.trusted_local_hosts, settings.local
        )


def _best(models: tuple[ModelInfo, ...]) -> ModelInfo | None:
    """The largest model that fits; if none, the smallest: Ollama itself refuses what it cannot load."""
    fitting = [info for info in models if info.fits_memory]
    return fitting[0] if fitting else next(reversed(models), None)


def _describe(model: InstalledModel, free: int | None) -> ModelInfo:
    needed = model.size * (1 + _CONTEXT_SHARE) + _BYTES_BESIDES
    fits = model.loaded or free is None or needed <= free
    note = "loaded" if model.loaded else "" if fits else "too_large"
    return ModelInfo(OLLAMA, model.name, model.size, fits, model.context, note)


def _free_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


def _address(url: str) -> str:
    """Host and port only: an address may hold more than a message should show."""
    return urlsplit(url).netloc.rpartition("@")[2]
