"""Sees every packet of the sealed world, keeps what goes anywhere but to the known places, and answers the door.

A stray is a packet to an address or port that nobody allowed. That it was sent at all counts, whatever it says;
listeners on usual ports and a DNS server that knows every name coax out what would be said.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from ipaddress import ip_address

STRANGER = "203.0.113.77"
"""Every name's address (RFC 5737: never anybody's)."""
PORTS = (25, 53, 80, 443, 1080, 3128, 4317, 4318, 8080, 8125, 8443, 9411, 11434, 14268)
_ETH_P_ALL, _IPV4, _IPV6 = 3, 0x0800, 0x86DD
_OUTGOING = 4
_TCP, _UDP = 6, 17
_SYN, _ACK = 0x02, 0x10

Place = tuple[str, int]


@dataclass
class Stray:
    """Everything that was sent to one place that nobody allowed."""

    place: Place
    protocol: str
    payload: bytearray = field(default_factory=bytearray)

    def __str__(self) -> str:
        return f"{self.protocol} to {self.place[0]} port {self.place[1]}, {len(self.payload)} bytes"


class Recorder:
    """Records from `with` until its end. `allow` names places that are part of the scene."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._allowed: set[Place] = set()
        self._strays: dict[tuple[Place, str], Stray] = {}
        self._known: set[tuple[Place, str]] = set()  # who was spoken to: what comes back from there is no stray
        self._packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024 * 1024)
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listeners: list[socket.socket] = []
        self.packets = 0

    def allow(self, port: int) -> None:
        """Let this machine's `port` be part of the scene."""
        with self._lock:
            self._allowed.add(("127.0.0.1", port))

    def take(self) -> list[Stray]:
        """The strays since the last call."""
        self._settle()
        with self._lock:
            found = [stray for stray in self._strays.values() if stray.place not in self._allowed]
            self._strays.clear()
        return found

    def __enter__(self) -> Recorder:
        for port in PORTS:
            with contextlib.suppress(OSError):
                listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
                self._listeners.append(listener)
                self._start(self._welcome, listener)
        self._names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._names.bind(("0.0.0.0", 53))
        self._names.settimeout(0.2)
        self._start(self._name)
        self._start(self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(5)
        for one in (*self._listeners, self._names, self._packets):
            one.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        self._threads.append(thread)

    def _settle(self) -> None:
        """Until every packet sent so far has been noted."""
        until = time.monotonic() + 10
        while time.monotonic() < until and select.select([self._packets], [], [], 0.005)[0]:
            time.sleep(0.001)
        with self._reading:
            return

    # -- watching

    def _watch(self) -> None:
        while not self._ending.is_set():
            if not select.select([self._packets], [], [], 0.2)[0]:
                continue
            with self._reading:
                data, address = self._packets.recvfrom(65536)
                if address[2] == _OUTGOING:
                    self._note(data, address[1])

    def _note(self, packet: bytes, kind: int) -> None:
        self.packets += 1
        parsed = _read_packet(packet, kind)
        if parsed is None:
            return
        source, target, protocol, flags, payload = parsed
        opens = flags & (_SYN | _ACK) == _SYN
        if protocol == "tcp" and not payload and not opens:
            return  # acknowledgements and farewells of what was noted when it was opened
        with self._lock:
            if target in self._allowed or source in self._allowed or (source, protocol) in self._known:
                return
            self._known.add((target, protocol))
            self._strays.setdefault((target, protocol), Stray(target, protocol)).payload += payload

    # -- answering

    def _welcome(self, listener: socket.socket) -> None:
        listener.settimeout(0.2)
        while not self._ending.is_set():
            with contextlib.suppress(OSError):
                caller, _ = listener.accept()
                self._start(self._listen, caller)

    def _listen(self, caller: socket.socket) -> None:
        """Say yes to anything: SOCKS greetings, CONNECT, and any other HTTP request."""
        caller.settimeout(0.5)
        with caller, contextlib.suppress(OSError):
            for _ in range(20):
                data = caller.recv(65536)
                if not data:
                    return
                if data[:1] == b"\x05":
                    caller.sendall(b"\x05\x00" if len(data) < 5 else b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
                else:
                    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

    def _name(self) -> None:
        """Answer every A question with the stranger's address."""
        while not self._ending.is_set():
            with contextlib.suppress(OSError):
                question, asker = self._names.recvfrom(4096)
                end = question.index(b"\0", 12) + 5
                is_a = question[end - 4 : end - 2] == b"\0\x01"
                head = question[:2] + b"\x81\x80\0\x01" + (b"\0\x01" if is_a else b"\0\0") + b"\0\0\0\0"
                answer = b"\xc0\x0c\0\x01\0\x01\0\0\0\x01\0\x04" + socket.inet_aton(STRANGER) if is_a else b""
                self._names.sendto(head + question[12:end] + answer, asker)


def _read_packet(packet: bytes, kind: int) -> tuple[Place, Place, str, int, bytes] | None:
    """Source, target, protocol, TCP flags and payload; None for what is neither TCP nor UDP."""
    if kind == _IPV4 and len(packet) >= 20:
        length = (packet[0] & 15) * 4
        protocol, source, target = packet[9], packet[12:16], packet[16:20]
        packet = packet[: struct.unpack_from("!H", packet, 2)[0]]
    elif kind == _IPV6 and len(packet) >= 40:
        length, protocol, source, target = 40, packet[6], packet[8:24], packet[24:40]
    else:
        return None
    inner = packet[length:]
    if len(inner) < 8 or protocol not in (_TCP, _UDP):
        return None
    from_port, to_port = struct.unpack_from("!HH", inner)
    header = (inner[12] >> 4) * 4 if protocol == _TCP else 8
    flags = inner[13] if protocol == _TCP else 0
    name = "tcp" if protocol == _TCP else "udp"
    return (str(ip_address(source)), from_port), (str(ip_address(target)), to_port), name, flags, inner[header:]
