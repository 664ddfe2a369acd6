"""The whole product as a person starts it, in a hostile environment, driven as its page drives it: over HTTP."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.proof.home import ROOT, environment_of
from tests.proof.paths.locality import HOSTILE
from tests.proof.servers import Cloud, LocalServer
from tests.proof.workbench import KEY

STARTING_SECONDS = 90
_ADDRESS = re.compile(r"Airlock is at (http://\S+?:\d+)")
_CSRF = re.compile(r'<meta name="csrf" content="([0-9a-f]{64})">')
Json = dict[str, Any]
Events = list[tuple[str, Json]]


@dataclass
class Product:
    """A page being served, and a browser that has loaded it."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path
    home: Path
    cookie: str = ""
    token: str = ""
    page: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The page's port."""
        return urlsplit(self.address).port or 0

    def open(self) -> None:
        """Load the page."""
        response, body = self._request("GET", "/")
        self.page, self.headers = body, {name.lower(): value for name, value in response.getheaders()}
        self.cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        found = _CSRF.search(body.decode())
        if found is None:
            raise RuntimeError("the page carries no token")
        self.token = found[1]

    def call(self, method: str, path: str, body: Json | None = None) -> Any:
        """One request of the API; its JSON, or None when it has none.

        Raises:
            RuntimeError: it failed.
        """
        response, data = self._request(method, path, None if body is None else json.dumps(body).encode())
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:200]!r}")
        return json.loads(data) if data and "json" in response.getheader("Content-Type", "") else data

    def upload(self, name: str, content: bytes, label: str) -> None:
        """Add a file as the page does, and wait until it is taken in."""
        edge = "proof-edge"
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'.encode()
        tail = f'\r\n--{edge}\r\nContent-Disposition: form-data; name="label"\r\n\r\n{label}\r\n--{edge}--\r\n'.encode()
        response, data = self._request(
            "POST", "/api/upload", head + content + tail, f"multipart/form-data; boundary={edge}"
        )
        if response.status != 202:
            raise RuntimeError(f"upload: {response.status} {data[:200]!r}")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            ingest = self.call("GET", "/api/status").get("ingest")
            if not ingest or not ingest["running"]:
                return
            time.sleep(0.1)
        raise RuntimeError("the upload was not taken in")

    def ask(
        self, text: str, chat: str | None = None, *, on: Mapping[str, Callable[[], object]] | None = None,
        leave_after: int | None = None, **options: Any,
    ) -> Events:  # fmt: skip
        """Ask; the events of the answer. `on` acts when one has come; `leave_after` closes the page after so many."""
        body = {"text": text, **({"chat_id": chat} if chat else {}), **options}
        return list(self._follow("/api/ask", body, dict(on or {}), leave_after))

    def _follow(
        self, path: str, body: Json, on: dict[str, Callable[[], object]], leave_after: int | None
    ) -> Iterator[tuple[str, Json]]:
        connection = self._connect()
        try:
            connection.request("POST", path, json.dumps(body).encode(), self._headers("application/json"))
            response = connection.getresponse()
            if response.status != 200:
                yield "problem", {"status": response.status}
                return
            name, count = "", 0
            while line := response.readline():
                if line.startswith(b"event: "):
                    name = line[7:].decode().strip()
                elif line.startswith(b"data: "):
                    yield name, json.loads(line[6:])
                    count += 1
                    if act := on.pop(name, None):
                        act()
                    if leave_after is not None and count >= leave_after:
                        return
        except (OSError, http.client.HTTPException) as error:
            yield "broken", {"error": type(error).__name__}
        finally:
            connection.close()

    def pid_of(self, module: str) -> int:
        """The process that runs a module of ours."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            line = child.cmdline()
            if "-m" in line and line[line.index("-m") + 1] == module:
                return child.pid
        raise RuntimeError(f"{module} does not run")

    def runs(self, module: str) -> bool:
        """Whether a module of ours runs."""
        try:
            return bool(self.pid_of(module))
        except RuntimeError:
            return False

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def _headers(self, kind: str) -> dict[str, str]:
        return {"Content-Type": kind, "Cookie": self.cookie, "X-Airlock-CSRF": self.token}

    def _request(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> tuple[http.client.HTTPResponse, bytes]:
        connection = self._connect()
        try:
            connection.request(method, path, body, self._headers(kind) if self.token else {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()


def settings_of(local: LocalServer, cloud: Cloud) -> dict[str, str]:
    """The settings of the scene, as environment variables, with the key and everything that is hostile."""
    return {
        **HOSTILE,
        "http_proxy": HOSTILE["HTTP_PROXY"],
        "all_proxy": HOSTILE["ALL_PROXY"],
        "OPENAI_API_KEY": KEY,
        "AIRLOCK_CONFIRM_CLOUD": "never",
        "AIRLOCK_LOCAL__OLLAMA_URL": local.url,
        "AIRLOCK_LOCAL__FIRST_TOKEN_SECONDS": "2",
        "AIRLOCK_LOCAL__SILENCE_SECONDS": "2",
        "AIRLOCK_CLOUD__ENABLED": "true",
        "AIRLOCK_CLOUD__BASE_URL": cloud.url,
        "AIRLOCK_CLOUD__MODEL": "big",
        "AIRLOCK_CLOUD__FIRST_TOKEN_SECONDS": "2",
        "AIRLOCK_CLOUD__TOTAL_SECONDS": "6",
    }


@contextmanager
def serve(home: Path, environment: Mapping[str, str]) -> Iterator[Product]:
    """`airlock serve` over `home` until the block ends."""
    log = next(file for number in range(100) if not (file := home.parent / f"serve-{number}.log").exists())
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "web", "serve", "--port", "0"],
            cwd=ROOT, env=environment_of(home, **environment), stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        product = Product(_wait_for_address(process, log), process, log, home)
        product.open()
        yield product
    finally:
        process.terminate()
        process.wait(30)


def _wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < until:
        found = _ADDRESS.findall(log.read_text("utf-8", "replace"))
        if found:
            return str(found[-1])
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the product did not start: {log.read_text('utf-8', 'replace')[-500:]}")
