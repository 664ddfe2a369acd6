"""What is seen of the guards from inside, on a made-up /proc."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import load_settings
from web.guards import Guard, look_at_guards

ROUTE_HEAD = "Iface\tDestination\tGateway\n"
LOOPBACK = "00000000000000000000000000000001 80 0 00 0 0 0 0 0       lo\n"


def make_proc(folder: Path, *, environ: bytes = b"HOME=/root\0", routes: str = "", ipv6: str = LOOPBACK) -> Path:
    (folder / "net").mkdir()
    (folder / "environ").write_bytes(environ)
    (folder / "net" / "route").write_text(ROUTE_HEAD + routes)
    (folder / "net" / "ipv6_route").write_text(ipv6)
    return folder


def seen(proc: Path, *launcher: Guard) -> dict[str, bool]:
    return {one.name: one.in_force for one in look_at_guards(load_settings(), launcher, proc=proc)}


def test_all_guards_hold_in_a_cage(home: Path, tmp_path: Path) -> None:
    proc = make_proc(tmp_path)
    assert seen(proc) == {"network": True, "keys": True, "tracing": True, "store": True}


@pytest.mark.parametrize(
    ("routes", "ipv6"),
    [("eth0\t00000000\t0100A8C0\n", LOOPBACK), ("", LOOPBACK.replace("lo", "eth0"))],
)
def test_any_route_out_is_told(home: Path, tmp_path: Path, routes: str, ipv6: str) -> None:
    assert seen(make_proc(tmp_path, routes=routes, ipv6=ipv6))["network"] is False


def test_a_key_in_this_process_is_told(home: Path, tmp_path: Path) -> None:
    assert seen(make_proc(tmp_path, environ=b"A=1\0OPENAI_API_KEY=sk\0"))["keys"] is False


@pytest.mark.parametrize("name", ["LANGSMITH_API_KEY", "OTEL_EXPORTER_OTLP_ENDPOINT", "https_proxy", "HF_TOKEN"])
def test_a_variable_that_sends_elsewhere_is_told(home: Path, tmp_path: Path, name: str) -> None:
    assert seen(make_proc(tmp_path, environ=f"{name}=x\0".encode()))["tracing"] is False


def test_the_launchers_quieting_variables_are_no_harm(home: Path, tmp_path: Path) -> None:
    environ = b"LANGSMITH_TRACING=false\0OTEL_SDK_DISABLED=true\0HF_HUB_OFFLINE=1\0"
    assert seen(make_proc(tmp_path, environ=environ))["tracing"] is True


def test_a_store_that_others_can_read_is_told(home: Path, tmp_path: Path) -> None:
    home.chmod(0o755)
    assert seen(make_proc(tmp_path))["store"] is False


def test_what_cannot_be_seen_counts_as_absent(home: Path, tmp_path: Path) -> None:
    found = seen(tmp_path / "nowhere")
    assert (found["network"], found["keys"], found["tracing"]) == (False, False, False)


def test_the_launchers_own_network_guard_replaces_the_look(home: Path, tmp_path: Path) -> None:
    namespace = Guard("namespace", True, {"en": "x", "zh-TW": "x"})
    assert list(seen(make_proc(tmp_path), namespace)) == ["namespace", "keys", "tracing", "store"]
