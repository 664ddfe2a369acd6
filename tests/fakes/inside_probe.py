"""Stands in for `web.cli` under the real launcher: reports what it can see, then does what it was told."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

from rag.config import load_settings
from rag.gate.client import GateClient
from web.doors import take_doors


def main() -> int:
    """Print one JSON object about this process; then `sleep` (`deaf` to SIGTERM), `exit:N`, `kill` or end."""
    started_with = dict(os.environ)
    doors, gate, page, guards = take_doors()
    mode = load_settings().mode.value
    parent = Path(f"/proc/{os.getppid()}/environ")
    facts = {
        "pid": os.getpid(),
        "arguments": sys.argv[1:],
        "environment": started_with,
        "mode": mode,
        "devices": [name for _, name in socket.if_nameindex()],
        "parent_environ": _try(lambda: len(parent.read_bytes())),
        "doors": {"ollama": str(doors.ollama_socket), "openai": str(doors.openai_socket)},
        "gate": None if gate is None else GateClient(gate).status().why or "ready",
        "page": None if page is None else socket.socket(fileno=page).getsockname()[:2],
        "guards": {guard.name: [guard.in_force, guard.text["en"]] for guard in guards},
    }
    if "deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(json.dumps(facts), flush=True)
    for what in sys.argv[1:]:
        if what.startswith("exit:"):
            return int(what[5:])
        if what == "kill":
            os.kill(os.getpid(), 9)
        if what == "sleep":
            time.sleep(60)
    return 0


def _try(action: object) -> str:
    try:
        return str(action())  # type: ignore[operator]
    except OSError as error:
        return type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
