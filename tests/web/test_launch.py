"""The launcher with its real children: who gets which variable, what the inside can reach, how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from web.household import Helper, Program

ROOT = Path(__file__).resolve().parents[2]
DRIVER = (
    "import os, sys, web.launch as launch; launch._INSIDE = 'tests.fakes.inside_probe'; "
    "sys.exit(launch.launch(sys.argv[1:], os.environ))"
)
KEY = "sk-canary-0123456789"
HOSTILE = {
    "OPENAI_API_KEY": KEY,
    "ANTHROPIC_API_KEY": KEY,
    "AWS_SECRET_ACCESS_KEY": KEY,
    "LANGSMITH_API_KEY": KEY,
    "LANGSMITH_TRACING": "true",
    "LANGCHAIN_TRACING_V2": "true",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://198.51.100.1",
    "HTTPS_PROXY": "http://198.51.100.1:3128",
    "ALL_PROXY": "socks5://198.51.100.1",
    "HF_TOKEN": KEY,
    "OLLAMA_HOST": "http://198.51.100.1",
    "LD_PRELOAD": "",
    "PYTHONSTARTUP": "/nowhere",
}

Env = Callable[..., dict[str, str]]


@pytest.fixture
def variables(tmp_path: Path) -> Env:
    """A person's environment: hostile variables, a home, and what the test adds."""

    runtime = tmp_path / "runtime"
    runtime.mkdir()

    def make(**further: str) -> dict[str, str]:
        own = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AIRLOCK_HOME": str(tmp_path / "home")}
        own["XDG_RUNTIME_DIR"] = str(runtime)
        return {**own, **HOSTILE, **{"AIRLOCK_SERVER__PORT": "0"}, **further}

    return make


def run(arguments: list[str], environment: Mapping[str, str]) -> tuple[int, dict[str, Any], str]:
    """One command under the launcher: exit code, what the inside reported, standard error."""
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, *arguments],
        env=dict(environment), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr


@contextmanager
def running(
    arguments: list[str], environment: Mapping[str, str]
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """A command that goes on, and what its inside reported."""
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, *arguments],
        env=dict(environment), cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def children(pid: int) -> dict[str, int]:
    """The running children of a process, by the module they run."""
    found = {}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        command = Path(f"/proc/{child}/cmdline").read_bytes().decode().split("\0")
        if "-m" in command[:-1]:  # else it has not become its program yet
            found[command[command.index("-m") + 1]] = int(child)
    return found


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def wait_for(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_launcher_imports_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, web.__main__, web.launch; "
        "names = {name.partition('.')[0] for name in sys.modules}; "
        "print(sorted(names - set(sys.stdlib_module_names) - {'web', '__main__'}))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [["serve"], ["ask", "q"], ["ingest", "folder"], ["models"], []])
def test_no_command_s_inside_gets_a_key_or_a_tracer_or_an_address(variables: Env, arguments: list[str]) -> None:
    code, facts, _ = run(arguments, variables())
    assert code == 0
    assert KEY not in str(facts)
    assert "198.51.100.1" not in str({**facts["environment"], "HTTPS_PROXY": ""})
    assert {"OLLAMA_HOST", "HF_TOKEN", "LD_PRELOAD", "PYTHONSTARTUP"}.isdisjoint(facts["environment"])
    assert facts["environment"]["LANGSMITH_TRACING"] == "false"
    assert facts["arguments"] == arguments


@pytest.mark.parametrize("arguments", [["ingest", "folder"], ["search", "ask"], ["text", "f"], []])
def test_commands_that_ask_no_model_get_no_door(variables: Env, arguments: list[str]) -> None:
    _, facts, _ = run(arguments, variables(AIRLOCK_CLOUD__ENABLED="true"))
    assert (facts["gate"], facts["page"]) == (None, None)
    assert facts["doors"] == {"ollama": "None", "openai": "None"}


@pytest.mark.namespaces
@pytest.mark.parametrize("arguments", [["serve"], ["ask", "q"], ["ingest", "folder"], ["doctor"]])
def test_the_inside_has_no_network_and_cannot_look_into_the_launcher(variables: Env, arguments: list[str]) -> None:
    _, facts, _ = run(arguments, variables())
    assert facts["devices"] == ["lo"]
    assert facts["guards"]["namespace"][0] is True
    assert facts["guards"]["memory"][0] is True
    assert facts["parent_environ"] == "PermissionError"


def test_the_gate_runs_with_consent_and_the_inside_learns_only_its_socket(variables: Env) -> None:
    environment = variables(AIRLOCK_CLOUD__ENABLED="true", AIRLOCK_CLOUD__BASE_URL="http://127.0.0.1:9/v1")
    code, facts, errors = run(["ask", "q"], environment)
    assert (code, errors) == (0, "")
    assert facts["gate"] == "ready"
    assert facts["guards"]["gate"][0] is True


@pytest.mark.parametrize(
    ("further", "sentence"),
    [
        ({}, "nobody has allowed it"),
        ({"AIRLOCK_CLOUD__ENABLED": "false"}, "not enabled"),
        ({"AIRLOCK_MODE": "local-only", "AIRLOCK_CLOUD__ENABLED": "true"}, "local-only"),
        ({"AIRLOCK_CLOUD__ENABLED": "true", "OPENAI_API_KEY": ""}, "no key"),
        ({"AIRLOCK_CLOUD__ENABLED": "true", "AIRLOCK_CLOUD__KEY_VARIABLE": "OTHER_KEY"}, "no key"),
    ],
)
def test_without_permission_there_is_no_gate_and_the_inside_is_told_why(
    variables: Env, further: dict[str, str], sentence: str
) -> None:
    _, facts, _ = run(["serve"], variables(**further))
    assert facts["gate"] is None
    in_force, text = facts["guards"]["gate"]
    assert in_force, "nothing can be sent, which is no weakness"
    assert sentence in text


def test_an_answer_that_was_given_before_is_remembered(variables: Env, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    answers = {"openai api.openai.com": {"allowed": True}}
    (tmp_path / "home" / "consent.json").write_text(json.dumps({"answers": answers}))
    assert run(["ask", "q"], variables())[1]["gate"] == "ready"
    assert run(["ask", "q"], variables(OPENAI_BASE_URL="https://elsewhere.example/v1"))[1]["gate"] is None


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_what_says_who_would_answer_can_see_the_models_and_the_gate(variables: Env, command: str) -> None:
    _, facts, _ = run([command], variables(AIRLOCK_CLOUD__ENABLED="true"))
    assert facts["gate"] == "ready"
    assert facts["doors"]["ollama"] != "None"
    assert facts["page"] is None


def test_a_question_that_stays_here_starts_no_gate(variables: Env) -> None:
    _, facts, _ = run(["ask", "q", "--local-only"], variables(AIRLOCK_CLOUD__ENABLED="true"))
    assert facts["gate"] is None


def test_the_page_is_bound_by_the_launcher_and_served_inside(variables: Env) -> None:
    _, facts, _ = run(["serve", "--host", "127.0.0.1", "--port=0"], variables(AIRLOCK_SERVER__PORT="1"))
    assert facts["page"][0] == "127.0.0.1"
    assert facts["page"][1] > 1024
    assert (facts["environment"]["AIRLOCK_SERVER__PORT"], facts["environment"]["PYTHONSAFEPATH"]) == (
        "0",
        "1",
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "intranet.example"])
def test_off_loopback_without_a_password_is_refused_before_anything_is_bound(variables: Env, host: str) -> None:
    code, facts, errors = run(["serve", "--host", host], variables())
    assert (code, facts) == (2, {})
    assert "server.password" in errors
    assert errors.count("\n") == 1


def test_off_loopback_with_a_password_is_served(variables: Env) -> None:
    _, facts, _ = run(["serve", "--host", "0.0.0.0"], variables(AIRLOCK_SERVER__PASSWORD="a long one"))
    assert facts["page"][0] == "0.0.0.0"


def test_a_port_that_is_taken_is_named(variables: Env) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, errors = run(["serve", "--port", str(port)], variables())
    assert code == 2
    assert f"port {port}" in errors
    assert "--port" in errors


def test_a_wrong_setting_stops_with_one_line_and_code_two(variables: Env) -> None:
    code, facts, errors = run(["serve"], variables(AIRLOCK_MODE="sometimes"))
    assert (code, facts) == (2, {})
    assert errors.startswith("airlock: mode:")


def test_private_variables_of_an_outer_launcher_are_not_believed(variables: Env) -> None:
    _, facts, _ = run(["text", "f"], variables(AIRLOCK_DOOR_GATE="/tmp/evil", AIRLOCK_DOOR_NEW="x"))
    assert facts["gate"] is None


def test_the_folder_a_command_is_run_in_is_not_imported_from(variables: Env, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the working folder')")
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.path[0] = " + repr(str(ROOT)) + "; " + DRIVER, "ask", "q"],
        env=variables(), cwd=tmp_path, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("what", "code"), [("exit:7", 7), ("kill", 137)])
def test_the_launcher_ends_with_the_inside_s_code_and_leaves_nothing(
    variables: Env, tmp_path: Path, what: str, code: int
) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    environment = variables(AIRLOCK_CLOUD__ENABLED="true", XDG_RUNTIME_DIR=str(runtime))
    assert run(["ask", what], environment)[0] == code
    assert list(runtime.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_process_within_five_seconds(variables: Env, number: int) -> None:
    with running(["serve", "sleep"], variables(AIRLOCK_CLOUD__ENABLED="true")) as (process, facts):
        family = children(process.pid)
        assert family.keys() == {"tests.fakes.inside_probe", "rag.gate", "rag.models.door"}
        started = time.monotonic()
        process.send_signal(number)
        process.wait(10)
        assert time.monotonic() - started < 5.0
        assert facts["pid"] == family["tests.fakes.inside_probe"]
        assert all(map(has_ended, family.values()))


def test_an_inside_that_does_not_listen_is_ended_within_five_seconds(variables: Env) -> None:
    with running(["serve", "deaf", "sleep"], variables()) as (process, facts):
        started = time.monotonic()
        process.terminate()
        assert process.wait(10) == 137
        assert time.monotonic() - started < 5.0
        assert has_ended(facts["pid"])


def test_a_killed_launcher_takes_every_child_with_it(variables: Env) -> None:
    with running(["serve", "sleep"], variables(AIRLOCK_CLOUD__ENABLED="true")) as (process, _):
        family = children(process.pid)
        process.kill()
        process.wait(10)
        wait_for(lambda: all(map(has_ended, family.values())))


def test_what_a_killed_launcher_left_is_removed_by_the_next(variables: Env, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    environment = variables(XDG_RUNTIME_DIR=str(runtime))
    with running(["serve", "sleep"], environment) as (process, _):
        process.kill()
        process.wait(10)
    assert len(list(runtime.iterdir())) == 1
    with running(["serve", "sleep"], environment) as (living, _):
        assert run(["ask", "q"], environment)[0] == 0
        assert [folder.name.split("-")[1] for folder in runtime.iterdir()] == [str(living.pid)]


def test_a_dead_gate_or_door_is_started_again(variables: Env) -> None:
    with running(["serve", "sleep"], variables(AIRLOCK_CLOUD__ENABLED="true")) as (process, _):
        for module in ("rag.gate", "rag.models.door"):
            before = children(process.pid)[module]
            os.kill(before, signal.SIGKILL)
            wait_for(lambda module=module, before=before: children(process.pid).get(module, before) != before)  # type: ignore[misc]


def test_the_key_is_in_the_gate_s_environment_and_in_no_other_child_s(variables: Env) -> None:
    with running(["serve", "sleep"], variables(AIRLOCK_CLOUD__ENABLED="true")) as (process, _):
        holders = {
            module
            for module, pid in children(process.pid).items()
            if KEY.encode() in Path(f"/proc/{pid}/environ").read_bytes()
        }
    assert holders == {"rag.gate"}


def test_a_helper_that_keeps_dying_is_given_up_and_its_sockets_close(
    capsys: pytest.CaptureFixture[str],
) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    helper = Helper("gate", Program("nothing", (), {}), (listening,))
    for restart in range(5):
        helper.started = time.monotonic()
        helper.note_end(1)
        assert helper.due is not None
        assert 0.1 < helper.due - time.monotonic() <= 0.2 * 2**restart
    helper.due = None
    helper.note_end(1)
    assert helper.due is None
    assert listening.fileno() == -1
    assert "not started again" in capsys.readouterr().err


def test_a_helper_with_a_wrong_setting_is_not_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    helper = Helper("gate", Program("nothing", (), {}), (), started=time.monotonic())
    helper.note_end(2)
    assert helper.due is None
    assert "(2)" in capsys.readouterr().err


@pytest.mark.parametrize(
    "module", ["torch", "transformers", "langchain", "sentence_transformers", "faiss", "onnxruntime"]
)
def test_help_loads_no_heavy_library_in_any_process(variables: Env, module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "web", "--help"],
        env=variables(), cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert {"web", "typer"} <= loaded
    assert module not in loaded
