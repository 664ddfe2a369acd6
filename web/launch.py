"""`airlock`: starts every process with what it may have, and watches them. Imports only the standard library.

Alone sees the original environment. Binds the page's socket and the doors' sockets before anybody else runs.
"""

from __future__ import annotations

import ipaddress
import json
import os
import shutil
import socket  # noqa: TID251  the launcher binds the page's socket and the doors'
import stat
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from web.consent import Plan, asker, decide_gate
from web.environment import scrub, scrub_for_download
from web.household import CONFIG_EXIT_CODE, Helper, Household, Program, start_inside

ASKING = ("serve", "ask", "status", "doctor")
"""Commands that ask a model, or say which would answer; all others run without any door."""
DOWNLOADING = ("models",)
"""Commands that may fetch a model from a hub: no cage, no key."""
_OTHERS = ("ingest", "search", "text", "label", "receipts", "sources", "eval", "advise", "costs", "mask")
_INSIDE = "web.cli"

_ROOT = Path(__file__).resolve().parent.parent
_DOOR_SECONDS = 2.0
_LONGEST_SOCKET_FOLDER = 80
"""A unix socket's whole path has room for about 100 bytes."""


class Refused(Exception):
    """The launcher does not start; the message says why and what to do."""


def launch(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command; returns its exit code."""
    command = next((argument for argument in arguments if argument in (*ASKING, *DOWNLOADING, *_OTHERS)), "")
    try:
        if not hasattr(os, "fork") or command in DOWNLOADING:
            return run_uncaged(arguments, environment, downloads=command in DOWNLOADING)
        if command in ASKING and not {"--help", "-h"} & set(arguments):
            return run_with_doors(command, arguments, environment)
        return run_caged(arguments, environment)
    except Refused as error:
        print(f"airlock: {error}", file=sys.stderr)
        return CONFIG_EXIT_CODE


def run_caged(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command that needs no model: no network, no keys, no doors."""
    program = Program(_INSIDE, tuple(arguments), _with_path(scrub(environment)))
    return _watch(Household(), program, [_gate_guard("not_needed")], strict=False)


def run_uncaged(arguments: Sequence[str], environment: Mapping[str, str], *, downloads: bool) -> int:
    """Run a command that may download, or on a platform without fork: no keys, but with the network."""
    scrubbed = _with_path(scrub_for_download(environment) if downloads else scrub(environment))
    why = "wanted" if downloads else "not_linux"
    guards = [{"name": "namespace", "in_force": False, "why": why}, _gate_guard("not_needed")]
    scrubbed["AIRLOCK_DOOR_GUARDS"] = json.dumps(guards)
    program = Program(_INSIDE, tuple(arguments), scrubbed)
    if hasattr(os, "fork"):
        sys.stdout.flush()
        os.execve(sys.executable, program.command, scrubbed)
    return subprocess.call(program.command, env=scrubbed)


def run_with_doors(command: str, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command of `ASKING`: the inside, the local door, and the gate where the cloud may be used.

    Raises:
        Refused: the page may not be bound as configured.
    """
    scrubbed = _with_path({**scrub(environment), **(_page_options(arguments) if command == "serve" else {})})
    plan = read_plan(scrubbed)
    if isinstance(plan, int):
        return plan
    with ExitStack() as stack:
        inside = Program(_INSIDE, tuple(arguments), dict(scrubbed))
        if command == "serve":
            page = stack.enter_context(bind_page(plan))
            inside.environment["AIRLOCK_DOOR_PAGE_FD"] = str(page.fileno())
            inside = Program(inside.module, inside.arguments, inside.environment, (page.fileno(),))
        folder = stack.enter_context(private_folder(environment))
        household = Household()
        stack.callback(household.end)
        why = _why_no_gate(command, arguments, plan, environment)
        if not why:
            household.helpers.append(_prepare_gate(plan, environment, scrubbed, folder, inside.environment))
        if plan.targets:
            household.helpers.append(_prepare_door(plan, scrubbed, folder, inside.environment))
        for helper in household.helpers:
            helper.start()
        _wait_for_doors(folder, plan.targets)
        return _watch(household, inside, [_gate_guard(why)], strict=plan.strict)


def read_plan(scrubbed: dict[str, str]) -> Plan | int:
    """The settings, read by a child in the scrubbed environment; its exit code when they are wrong."""
    command = Program("web.plan", (), scrubbed).command
    done = subprocess.run(command, env=scrubbed, stdout=subprocess.PIPE, check=False)
    return done.returncode if done.returncode else Plan(**json.loads(done.stdout))


@contextmanager
def bind_page(plan: Plan) -> Iterator[socket.socket]:
    """Listen for the page.

    Raises:
        Refused: off loopback without a password, or the address cannot be bound.
    """
    if not plan.password_set and not is_loopback(plan.host):
        raise Refused(
            f"server.host is {plan.host}, which others can reach, and server.password is not set; "
            "set AIRLOCK_SERVER__PASSWORD, or bind to 127.0.0.1"
        )
    try:
        family, kind, _, _, address = socket.getaddrinfo(plan.host, plan.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
    except OSError as error:
        raise Refused(f"server.host: {plan.host} is no address of this machine ({error.strerror})") from error
    with listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
        except OSError as error:
            raise Refused(
                f"cannot listen on {plan.host} port {plan.port} ({error.strerror}); "
                "choose another with --port N or AIRLOCK_SERVER__PORT"
            ) from error
        yield listening


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@contextmanager
def private_folder(environment: Mapping[str, str]) -> Iterator[Path]:
    """A folder for the doors' sockets that only this user can enter; removed at the end."""
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    suits = runtime and len(runtime) < _LONGEST_SOCKET_FOLDER and os.access(runtime, os.W_OK | os.X_OK)
    place = Path(runtime if suits else "/tmp")
    _sweep(place)
    folder = tempfile.mkdtemp(prefix=f"airlock-{os.getpid()}-", dir=place)
    try:
        yield Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove what launchers of this user left that were killed and could not."""
    for folder in place.glob("airlock-*-*"):
        pid = folder.name.split("-")[1]
        with suppress(OSError):
            if pid.isdigit() and folder.lstat().st_uid == os.getuid() and not _is_running(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _why_no_gate(command: str, arguments: Sequence[str], plan: Plan, environment: Mapping[str, str]) -> str:
    if command == "ask" and "--local-only" in arguments and plan.mode != "local-only":
        return "not_needed"
    return decide_gate(plan, environment, asker() if command == "serve" else None)


def _prepare_gate(
    plan: Plan, environment: Mapping[str, str], scrubbed: dict[str, str], folder: Path, inside: dict[str, str]
) -> Helper:
    """The gate: the only child that is given the key."""
    listening = _bind_door(folder / "gate")
    secrets = {name: environment[name] for name in (plan.key_variable, plan.address_variable) if environment.get(name)}
    held = {**scrubbed, **secrets, "AIRLOCK_CLOUD__ENABLED": "true"}
    inside["AIRLOCK_DOOR_GATE"] = str(folder / "gate")
    program = Program("rag.gate", ("--fd", str(listening.fileno())), held, (listening.fileno(),))
    return Helper("gate", program, (listening,))


def _prepare_door(plan: Plan, scrubbed: dict[str, str], folder: Path, inside: dict[str, str]) -> Helper:
    """The local door: one socket for each configured server on this machine; it binds them itself."""
    arguments = ["--parent", str(os.getpid())]
    for name, url in plan.targets.items():
        arguments += ["--to", f"{folder / name}={url}"]
        inside[f"AIRLOCK_DOOR_{name.upper()}"] = str(folder / name)
    for host in plan.trusted:
        arguments += ["--trusted", host]
    return Helper("local door", Program("rag.models.door", tuple(arguments), scrubbed), ())


def _wait_for_doors(folder: Path, names: Iterable[str]) -> None:
    """Until the local door has bound its sockets; a door that fails is noticed and said later."""
    deadline = time.monotonic() + _DOOR_SECONDS
    while time.monotonic() < deadline and not all(_is_open(folder / name) for name in names):
        time.sleep(0.005)


def _is_open(path: Path) -> bool:
    """Whether the door listens there: it sets a socket's mode once it does."""
    try:
        return stat.S_IMODE(path.stat().st_mode) == 0o600
    except FileNotFoundError:
        return False


def _bind_door(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen(64)
    return listening


def _watch(household: Household, inside: Program, guards: list[dict[str, object]], *, strict: bool) -> int:
    try:
        return household.watch(start_inside(inside, guards, strict=strict))
    finally:
        household.end()


def _gate_guard(why: str) -> dict[str, object]:
    """Always in force: either the gate alone reaches the cloud, or, for the reason given, nothing does."""
    return {"name": "gate", "in_force": True, "why": why}


def _page_options(arguments: Sequence[str]) -> dict[str, str]:
    """`--host` and `--port` of `serve`, as the variables that every child reads."""
    found: dict[str, str] = {}
    for option, variable in (("--host", "AIRLOCK_SERVER__HOST"), ("--port", "AIRLOCK_SERVER__PORT")):
        for position, argument in enumerate(arguments):
            if argument == option and position + 1 < len(arguments):
                found[variable] = arguments[position + 1]
            elif argument.startswith(option + "="):
                found[variable] = argument.partition("=")[2]
    return found


def _with_path(environment: dict[str, str]) -> dict[str, str]:
    """Children import this very code, and nothing from the folder the command is run in."""
    environment["PYTHONSAFEPATH"] = "1"
    if str(_ROOT) not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
        environment["PYTHONPATH"] = str(_ROOT)
    return environment
