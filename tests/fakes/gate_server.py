"""The gate's real server on a unix socket in a thread, over any store; what `python -m rag.gate` runs."""

from __future__ import annotations

import functools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from pydantic import SecretStr

from rag.config import Settings
from rag.gate.client import GateClient
from rag.gate.judge import GateStore, judge
from rag.gate.providers import CloudModel
from rag.gate.server import GateApp


@contextmanager
def run_gate(store: GateStore, settings: Settings, folder: Path, key: str = "key-of-the-gate") -> Iterator[GateClient]:
    """Serve the gate; yields a client."""
    path = folder / "gate"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(16)
    model = CloudModel(settings.cloud, SecretStr(key))
    model.load()
    app = GateApp(functools.partial(judge, store, policy=settings), model)
    server = uvicorn.Server(
        uvicorn.Config(app, lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield GateClient(path)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
        assert not thread.is_alive()
