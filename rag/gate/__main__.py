"""`python -m rag.gate`: the gate as a process. Alone reads the cloud key; never starts in local-only mode."""

from __future__ import annotations

import argparse
import ctypes
import os
import resource
import socket  # noqa: TID251  the gate listens on a unix socket
import sys
import threading
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from rag.config import Settings, load_settings
from rag.errors import AirlockError, ConfigError, OverBudget
from rag.policy.route import Mode

if TYPE_CHECKING:
    from rag.advice.spending import HasLedger
    from rag.gate.judge import Verdict
    from rag.gate.wire import GateRequest
    from rag.store import Store

_PR_SET_DUMPABLE = 4
_BELIEVED = ("AIRLOCK_", "LC_")
_KEPT = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "VIRTUAL_ENV"})


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rag.gate", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="descriptor of a listening unix socket")
    where.add_argument("--socket", type=Path, help="path to listen on, in a folder only its owner can enter")
    options = parser.parse_args(arguments)
    harden_process()
    try:
        settings = load_settings()
        refuse_without_consent(settings)
        key, base_url = take_secrets(settings, os.environ)  # noqa: TID251  the one reader of the key
        listening = socket.socket(fileno=options.fd) if options.fd is not None else bind(options.socket)
        serve(settings, key, base_url, listening)
    except AirlockError as error:
        print(f"airlock gate: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def harden_process() -> None:
    """Keep other processes of this user, and core files, from this one's memory."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def refuse_without_consent(settings: Settings) -> None:
    """Refuse to run where nothing may ever be sent.

    Raises:
        ConfigError: local-only mode, or nobody has said that the cloud may be used.
    """
    if settings.mode is Mode.LOCAL_ONLY:
        raise ConfigError("mode: local-only never starts the gate")
    if settings.cloud.enabled is not True:
        raise ConfigError("cloud.enabled: set it to true to allow sending to the cloud (a key alone is no consent)")


def take_secrets(settings: Settings, environment: MutableMapping[str, str]) -> tuple[SecretStr, str]:
    """The key and the environment's base URL; then all is removed that a client library might believe.

    Raises:
        ConfigError: the provider is not known, or the key cannot be read from where it should be.

    Tracers, proxies, gateways and organisations found in the environment never reach LangChain.
    """
    from rag.gate.catalogue import find_provider
    from rag.gate.secrets import read_key

    key = read_key(settings.cloud, environment)
    base_url = environment.get(find_provider(settings.cloud.provider).address_variable, "")
    for name in list(environment):
        if name not in _KEPT and not name.startswith(_BELIEVED):
            del environment[name]
    environment.update({"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false", "OTEL_SDK_DISABLED": "true"})
    return key, base_url


def bind(path: Path) -> socket.socket:
    """Listen on `path`.

    Raises:
        ConfigError: its folder can be entered by others, or something is there already.
    """
    folder = path.absolute().parent
    if not folder.is_dir() or folder.stat().st_mode & 0o077:
        raise ConfigError(f"--socket: {folder} must be a folder that only its owner can enter (mode 0700)")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.bind(str(path))
    except OSError as error:
        listening.close()
        raise ConfigError(f"--socket: cannot listen on {path}: {error.strerror}") from error
    listening.listen(64)
    return listening


def serve(settings: Settings, key: SecretStr, base_url: str, listening: socket.socket) -> None:
    """Answer on `listening` until SIGTERM or SIGINT.

    Raises:
        ConfigError: the provider or its address may not be used.
    """
    import uvicorn

    from rag.gate.providers import CloudModel
    from rag.gate.server import GateApp

    model = CloudModel(settings.cloud, key, base_url)
    app = GateApp(LazyJudge(settings), model)
    config = uvicorn.Config(
        app, lifespan="on", log_config=None, access_log=False, ws="none", server_header=False,
        date_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    uvicorn.Server(config).run(sockets=[listening])


class LazyJudge:
    """The judge over a store that is opened, read-only, at the first question: it may not exist before."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._store: Store | None = None

    def __call__(self, request: GateRequest) -> Verdict:
        """Judge one request.

        Raises:
            AirlockError: it is refused, or the store cannot be read.
        """
        from rag.gate.judge import judge
        from rag.store import Store

        with self._lock:
            if self._store is None:
                self._store = Store.open(self._settings.home, read_only=True)
        verdict = judge(self._store, request, self._settings)
        refuse_over_budget(self._store, self._settings)
        return verdict


def refuse_over_budget(store: HasLedger, settings: Settings) -> None:
    """Send nothing once a limit is reached, whatever the inside believed when it chose the route.

    Raises:
        OverBudget: one is.
    """
    from rag.advice.spending import judge_budget
    from rag.policy.budget import first_reached

    reached = first_reached(judge_budget(store, settings))
    if reached is not None:
        raise OverBudget(f"budget.{reached.name}: {reached.most:g} is reached")


if __name__ == "__main__":
    sys.exit(main())
