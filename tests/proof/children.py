"""Runs work in a forked child of its own, so that what it patches, opens or breaks ends with it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

PRELOADED = (
    "faiss", "tantivy", "apsw", "numpy", "tokenizers", "httpx", "ollama", "uvicorn", "langchain.chat_models",
    "langchain_openai", "rag.wiring", "rag.gate.server", "rag.gate.providers", "rag.gate.judge", "web.report",
)  # fmt: skip
"""What every child needs and is slow to import; none of them starts a thread."""


def preload() -> None:
    """Import once what every child would import."""
    import importlib

    from rag.retrieval.runtime import load_onnxruntime

    load_onnxruntime()
    for name in PRELOADED:
        importlib.import_module(name)


def in_child(work: Callable[[], Any]) -> Any:
    """What `work` returns, as JSON, from a child process.

    Raises:
        RuntimeError: the child ended without an answer; its traceback is on standard error.
    """
    read_end, write_end = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(read_end)
            answer = json.dumps(work()).encode()
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(answer)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    if status or not answer:
        raise RuntimeError(f"a child of the proof ended with {os.waitstatus_to_exitcode(status)}")
    return json.loads(answer)
