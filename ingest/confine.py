"""Takes powers away from the parser's process, for good: files, network, privileges, memory, processor time.

Called once in the child before it reads its first document. Each guard that this platform lacks is left out
and named as missing; nothing here raises.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_CLONE_NEWIPC = 0x08000000


def enter_namespaces() -> bool:
    """Move this process into a user and a network namespace of its own; False where that is not allowed.

    Must be called while the process has one thread.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) == 0)


def drop_privileges() -> bool:
    """Give up ever gaining privileges through exec, and reading by other processes; False off Linux."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return bool(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def limit_resources(memory_bytes: int) -> tuple[bool, bool]:
    """Bound memory, and forbid opening any file, socket or process and writing any file.

    Opening is forbidden by a limit of no further descriptors: those already open keep working. Every library
    must be imported before.

    Returns:
        Whether memory is bounded, and whether opening is forbidden.
    """
    try:
        import resource
    except ImportError:
        return False, False
    memory = _set(resource.RLIMIT_AS, memory_bytes)
    _set(resource.RLIMIT_CORE, 0)
    _set(resource.RLIMIT_FSIZE, 0)
    if hasattr(resource, "RLIMIT_NPROC"):
        _set(resource.RLIMIT_NPROC, 0)
    return memory, _set(resource.RLIMIT_NOFILE, 0)


def limit_seconds(seconds: float) -> None:
    """Give the next document `seconds` of processor time and twice that on the clock, then die by signal."""
    with contextlib.suppress(ImportError, ValueError, OSError, AttributeError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime + seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds + 5)


def rest() -> None:
    """Stop the clock of `limit_seconds` while waiting for the next document."""
    with contextlib.suppress(ValueError, OSError, AttributeError):
        signal.setitimer(signal.ITIMER_REAL, 0)


def close_other_descriptors() -> None:
    """Close everything but the three standard descriptors."""
    highest = os.sysconf("SC_OPEN_MAX") if hasattr(os, "sysconf") else 256
    os.closerange(3, min(highest, 65_536))


def _set(limit: int, value: int) -> bool:
    import resource

    try:
        resource.setrlimit(limit, (value, value))
    except (ValueError, OSError):
        return False
    return True
