"""A network of its own in which every address on earth is this machine: whatever is sent anywhere arrives here.

Linux's AnyIP: a `local` route for 0.0.0.0/0 and ::/0. Nothing can leave it, and nothing sent goes unseen.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _UP_AND_RUNNING = 0x8914, 0x1 | 0x40
_RTM_NEWROUTE, _REQUEST_AND_ACK, _CREATE = 24, 0x5, 0x400
_TABLE_LOCAL, _PROTO_STATIC, _SCOPE_HOST, _TYPE_LOCAL = 255, 4, 254, 2
_RTA_OIF = 4
_LOOPBACK_INDEX = 1


class CannotSeal(Exception):
    """This system does not allow such a network; the message says at which step."""


def seal() -> None:
    """Move this process, which must have one thread, into such a network.

    Raises:
        CannotSeal: the system does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER | CLONE_NEWNET):
        raise CannotSeal("user and network namespaces are not allowed here")
    try:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {user} 1")
        _write("/proc/self/gid_map", f"0 {group} 1")
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _UP_AND_RUNNING))
        _own_every_address(socket.AF_INET)
        _own_every_address(socket.AF_INET6)
    except OSError as error:
        raise CannotSeal(f"the network could not be set up ({error.strerror})") from error


def _own_every_address(family: int) -> None:
    """`ip route add local default dev lo`, for one family."""
    oif = struct.pack("HHI", 8, _RTA_OIF, _LOOPBACK_INDEX)
    route = struct.pack("BBBBBBBBI", family, 0, 0, 0, _TABLE_LOCAL, _PROTO_STATIC, _SCOPE_HOST, _TYPE_LOCAL, 0)
    body = route + oif
    message = struct.pack("IHHII", 16 + len(body), _RTM_NEWROUTE, _REQUEST_AND_ACK | _CREATE, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(message)
        (error,) = struct.unpack_from("i", netlink.recv(4096), 16)
    if error:
        raise OSError(-error, os.strerror(-error))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
