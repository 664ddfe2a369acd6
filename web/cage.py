"""An empty user and network namespace for a child process (Linux), and the ties that end it with its parent.

Uses ctypes on the C library (Python 3.11 has no os.unshare). Runs between fork and exec; starts nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import socket  # noqa: TID251  only to see that there is no way out
import sys
from contextlib import suppress

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38

_NOWHERE = ("192.0.2.1", 9)
"""An address reserved for documentation (RFC 5737); a UDP connect sends nothing and only asks for a route."""


def enter_empty_network(parent_maps_ids: int, tell_parent: int) -> str:
    """Move this process into a user and network namespace with nothing in it.

    The parent writes the id maps (`map_ids`) after a byte on `tell_parent`, and answers on `parent_maps_ids`:
    only it may map more than one id. Returns "" when the network is gone, else why not: `not_linux`,
    `forbidden`, `unverified`.
    """
    if sys.platform != "linux":
        os.write(tell_parent, b"-")
        return "not_linux"
    entered = _unshare(CLONE_NEWUSER | CLONE_NEWNET)
    os.write(tell_parent, b"u" if entered else b"-")
    os.read(parent_maps_ids, 1)
    if not entered and not _unshare(CLONE_NEWNET):
        return "forbidden"
    return "" if is_cut_off() else "unverified"


def map_ids(pid: int) -> None:
    """Give `pid`, which has just entered a user namespace, the same ids inside as outside.

    Root maps every id it has, so that files of other owners stay readable; anybody else their own id only.

    Raises:
        OSError: the system does not allow it.
    """
    if os.geteuid() == 0:
        for kind in ("uid", "gid"):
            rows = _read(f"/proc/self/{kind}_map").splitlines()
            ranges = [(row.split()[0], row.split()[2]) for row in rows]
            _write(f"/proc/{pid}/{kind}_map", "".join(f"{first} {first} {count}\n" for first, count in ranges))
        return
    _write(f"/proc/{pid}/setgroups", "deny")
    _write(f"/proc/{pid}/uid_map", f"{os.geteuid()} {os.geteuid()} 1\n")
    _write(f"/proc/{pid}/gid_map", f"{os.getegid()} {os.getegid()} 1\n")


def is_cut_off() -> bool:
    """Whether this process has no route to anywhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        return probe.connect_ex(_NOWHERE) == errno.ENETUNREACH


def die_with(parent: int) -> None:
    """End this process when `parent`, its parent, ends; at once if it has. No new privileges by exec."""
    if sys.platform == "linux":
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
    if os.getppid() != parent:
        os._exit(1)


def hide_memory() -> None:
    """Keep other processes of this user from reading this one's environment and memory."""
    if sys.platform == "linux":
        _prctl(PR_SET_DUMPABLE, 0)


def why_memory_is_open(pid: int) -> str:
    """Whether this process can read what `pid` was started with, keys included: "" when it cannot."""
    if sys.platform != "linux":
        return "not_linux"
    try:
        _read(f"/proc/{pid}/environ")
    except PermissionError:
        return ""
    except (OSError, UnicodeDecodeError):
        return "readable"
    return "readable"


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _unshare(flags: int) -> bool:
    with suppress(OSError, AttributeError):
        return bool(ctypes.CDLL(None, use_errno=True).unshare(flags) == 0)
    return False


def _read(path: str) -> str:
    with open(path, encoding="ascii") as file:
        return file.read()


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
