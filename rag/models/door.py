"""The local door: a process that joins unix sockets to the configured local model servers, byte for byte.

`python -m rag.models.door --to SOCKET=ADDRESS … [--trusted HOST …]`, started by the launcher. One socket per
server; the address comes from the command line, never from a request. It holds no key, reads no byte and ends
with its parent. It imports nothing beyond the standard library, so that there is little in it to go wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import ipaddress
import os
import select
import signal
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

CONNECTIONS_AT_ONCE = 32
CONNECT_SECONDS = 5.0
_BUFFER = 64 * 1024
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Target:
    """One server: its door's socket and the one address behind it."""

    socket_path: Path
    host: str
    port: int


def parse_target(text: str, trusted: frozenset[str]) -> Target:
    """Read `SOCKET=URL`; only the host and port of the URL matter.

    Raises:
        ValueError: the address is neither a loopback literal nor a trusted host.
    """
    path, _, url = text.partition("=")
    parts = urlsplit(url)
    if not path or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("a target is written SOCKET=http://HOST:PORT")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = Target(Path(path), parts.hostname, port)
    if not _is_allowed(target.host, trusted):
        raise ValueError(f"{target.host} is neither this machine nor a trusted host")
    return target


async def serve_doors(targets: Sequence[Target], trusted: frozenset[str], ready: asyncio.Event | None = None) -> None:
    """Open every door and relay until cancelled.

    Raises:
        PermissionError: a socket's folder may be entered by other users.
    """
    places = asyncio.Semaphore(CONNECTIONS_AT_ONCE)
    async with contextlib.AsyncExitStack() as stack:
        for target in targets:
            stack.push_async_callback(_close, await _open_door(target, trusted, places))
        if ready is not None:
            ready.set()
        await asyncio.Event().wait()


async def _open_door(target: Target, trusted: frozenset[str], places: asyncio.Semaphore) -> asyncio.Server:
    folder = target.socket_path.parent.stat()
    if stat.S_IMODE(folder.st_mode) & 0o077 or folder.st_uid != os.getuid():
        raise PermissionError("a door's socket must stand in a folder that only its owner may enter")

    async def pass_through(inner: asyncio.StreamReader, inner_writer: asyncio.StreamWriter) -> None:
        async with places:
            await _relay(target, trusted, inner, inner_writer)

    target.socket_path.unlink(missing_ok=True)
    server = await asyncio.start_unix_server(pass_through, path=str(target.socket_path), limit=_BUFFER)
    target.socket_path.chmod(0o600)
    return server


async def _relay(
    target: Target, trusted: frozenset[str], inner: asyncio.StreamReader, inner_writer: asyncio.StreamWriter
) -> None:
    """Join one connection to the target until both directions have ended, or either breaks."""
    outer_writer: asyncio.StreamWriter | None = None
    try:
        if not _is_allowed(target.host, trusted):  # checked again at each connection
            return
        async with asyncio.timeout(CONNECT_SECONDS):
            outer, outer_writer = await asyncio.open_connection(target.host, target.port, limit=_BUFFER)
        inward = asyncio.create_task(_copy(outer, inner_writer))
        outward = asyncio.create_task(_copy(inner, outer_writer))
        await asyncio.wait({inward, outward}, return_when=asyncio.FIRST_COMPLETED)
        if outward.done() and not outward.exception() and not _is_gone(inner_writer):
            await asyncio.wait({inward})  # only that direction was closed: the reply may still come
        for task in (inward, outward):
            task.cancel()
        await asyncio.gather(inward, outward, return_exceptions=True)
    except (OSError, TimeoutError):
        pass  # closing tells the client; its own error says the rest
    finally:
        for writer in (outer_writer, inner_writer):
            if writer is not None:
                _abort(writer)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, then close that direction only."""
    while data := await reader.read(_BUFFER):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _is_allowed(host: str, trusted: frozenset[str]) -> bool:
    if host.lower() in trusted:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_gone(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end of a unix socket is closed in both directions, not only its sending half.

    A client that stops waiting must be noticed at once, even while the server is silent, so that the server
    stops working for nobody.
    """
    poll = select.poll()
    poll.register(writer.get_extra_info("socket").fileno(), 0)
    return bool(poll.poll(0))  # POLLHUP and POLLERR are reported unasked


def _abort(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


async def _close(server: asyncio.Server) -> None:
    server.close()


def _die_with_parent(parent: int) -> None:
    """End when the parent ends; where the kernel cannot do that, `_watch_parent` notices within a second."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


async def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        await asyncio.sleep(1.0)


async def _say_when(ready: asyncio.Event, *, aloud: bool) -> None:
    await ready.wait()
    if aloud:
        print("ready", flush=True)


async def _run(targets: Sequence[Target], trusted: frozenset[str], parent: int, *, say_ready: bool) -> None:
    ready = asyncio.Event()
    doors = asyncio.create_task(serve_doors(targets, trusted, ready))
    said = asyncio.create_task(_say_when(ready, aloud=say_ready))
    watch = asyncio.create_task(_watch_parent(parent))
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, watch.cancel)
    done, pending = await asyncio.wait({doors, watch}, return_when=asyncio.FIRST_COMPLETED)
    for task in (*pending, said):
        task.cancel()
    await asyncio.gather(*pending, said, return_exceptions=True)
    if doors in done:
        doors.result()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the door; a socket has mode 0600 once it accepts. Exits 2 on a wrong target."""
    parser = argparse.ArgumentParser(prog="python -m rag.models.door", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--to", action="append", default=[], metavar="SOCKET=URL", help="a socket and the server behind it"
    )
    parser.add_argument("--trusted", action="append", default=[], metavar="HOST", help="a host that counts as local")
    parser.add_argument("--parent", type=int, default=os.getppid(), help="process to end with")
    parser.add_argument("--say-ready", action="store_true", help="print `ready` once every socket accepts")
    options = parser.parse_args(arguments)
    trusted = frozenset(host.lower() for host in options.trusted)
    try:
        targets = [parse_target(text, trusted) for text in options.to]
    except ValueError as error:
        parser.error(str(error))
    _die_with_parent(options.parent)
    asyncio.run(_run(targets, trusted, options.parent, say_ready=options.say_ready))
    return 0


if __name__ == "__main__":
    sys.exit(main())
