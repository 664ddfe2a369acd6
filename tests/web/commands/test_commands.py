"""What the commands say and refuse, beyond their shapes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rag.policy.labels import Label, LabelSource
from rag.store import Store
from tests.web.commands.conftest import Run

ROOT = Path(__file__).parents[3]
HEAVY = (
    "torch",
    "transformers",
    "langchain",
    "faiss",
    "onnxruntime",
    "tantivy",
    "pydantic",
    "fastapi",
    "numpy",
    "apsw",
)
COMMANDS = (
    *("ingest", "ask", "search", "text", "label", "serve", "status", "doctor", "receipts", "sources", "models", "eval"),
)


def labels(home: Path) -> dict[str, tuple[Label, LabelSource]]:
    with_store = Store.open(home)
    try:
        return {one.path: (one.label, one.label_source) for one in with_store.documents()}
    finally:
        with_store.close()


def test_help_loads_nothing_heavy() -> None:
    code = "import sys\ntry:\n import web.cli; web.cli.main(['--help'])\nexcept SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded.isdisjoint(HEAVY), loaded & set(HEAVY)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_with_an_example(run: Run, command: str) -> None:
    shown = run(command, "--help")
    prepared = run("models", "prepare", "--help") if command == "models" else shown
    assert shown.code == 0
    assert f"airlock {command}" in prepared.out


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version").out.startswith("airlock ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ingest", "/no/such/folder"), 4, "there is no folder or file"),
        (("ingest", ".", "--label", "secret"), 2, "use public, internal, confidential, restricted"),
        (("label", "/nowhere", "public"), 4, "nothing that was ingested is at /nowhere"),
        (("label", "/nowhere", "secret"), 2, "is not a label"),
        (("receipts", "7"), 4, "7"),
        (("ask", "x", "--chat", "nope"), 4, "no such conversation"),
        (("ask", "x", "--chat", "last"), 4, "no conversation yet"),
        (("ask", "   "), 2, "the question is empty"),
        (("ask", "x", "--prefer", "moon"), 2, "local or cloud"),
        (("sources", "remove", "nope"), 4, "there is no source nope"),
        (("text", "/no/file.pdf"), 4, "there is no file"),
        (("serve", "--host", "0.0.0.0"), 2, "server.password is not set"),
        (("serve", "--sample", "/no/such"), 4, "there is no folder"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_code(run: Run, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = run(*arguments)
    assert done.code == code
    assert said in done.err
    assert done.err.startswith("airlock: ")
    assert done.err.count("\n") == 1
    assert done.out == ""


def test_a_wrong_setting_is_one_line_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRLOCK_MOOD", "good")
    done = run("status")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "AIRLOCK_MOOD: no such setting" in done.err


def test_a_defect_names_its_place_and_not_its_message(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_inside: object) -> None:
        raise RuntimeError("SECRET text of a document")

    monkeypatch.setattr("web.commands.status.read_status", fail)
    done = run("status")
    assert done.code == 70
    assert "SECRET" not in done.err
    assert "unexpected RuntimeError at web/commands/status.py:" in done.err


def test_ingest_lists_what_could_not_be_read_and_still_succeeds(run: Run, handbook: Path) -> None:
    done = run("ingest", handbook)
    assert done.code == 0
    assert "2 added, 1 failed" in done.err
    assert "broken.pdf" in done.err
    assert run("ingest", handbook, "--strict").code == 3


def test_ingest_fails_when_nothing_could_be_read(run: Run, handbook: Path) -> None:
    assert run("ingest", handbook / "broken.pdf").code == 3


def test_a_second_ingest_reads_nothing_again(run: Run, handbook: Path) -> None:
    run("ingest", handbook)
    assert "2 unchanged" in run("ingest", handbook).err


def test_a_document_is_labelled_by_any_of_its_paths(
    run: Run, handbook: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("ingest", handbook, "--json")
    monkeypatch.chdir(handbook)
    for path, word in (
        (handbook / "deep" / "pay.txt", "restricted"),
        ("deep/pay.txt", "confidential"),
        ("./deep", "restricted"),
    ):
        assert run("label", path, word, "--yes").code == 0
        assert labels(home)["deep/pay.txt"] == (Label[word.upper()], LabelSource.OWNER)
    monkeypatch.chdir(home)
    assert run("label", "deep/pay.txt", "internal", "--yes").code == 0
    assert labels(home)["deep/pay.txt"][0] is Label.INTERNAL


def test_a_label_that_somebody_set_falls_only_with_a_yes(run: Run, handbook: Path, home: Path) -> None:
    run("ingest", handbook, "--json")
    run("label", handbook, "restricted")
    refused = run("label", handbook, "public")
    assert (refused.code, "labels would fall" in refused.err) == (2, True)
    assert labels(home)["leave.md"][0] is Label.RESTRICTED
    assert run("label", handbook, "public", "--yes").code == 0
    assert labels(home)["leave.md"] == (Label.PUBLIC, LabelSource.OWNER)


def test_a_defaulted_label_may_be_lowered_at_once(run: Run, handbook: Path, home: Path) -> None:
    run("ingest", handbook, "--json")
    assert run("label", handbook / "deep", "public").code == 0
    assert labels(home)["deep/pay.txt"][0] is Label.PUBLIC


def test_a_path_in_two_sources_must_be_given_whole(run: Run, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same.md").write_text(f"# {name}\n\nSome words about {name}.\n")
        run("ingest", tmp_path / name, "--json")
    done = run("label", "same.md", "public")
    assert done.code == 2
    assert str(tmp_path / "a") in done.err
    assert str(tmp_path / "b") in done.err


def test_a_folder_is_labelled_for_what_comes_later_too(run: Run, handbook: Path, home: Path) -> None:
    run("ingest", handbook, "--json")
    run("label", handbook, "internal")
    (handbook / "new.md").write_text("# New\n\nSomething that came later.\n")
    run("ingest", handbook, "--json")
    assert labels(home)["new.md"][0] is Label.INTERNAL


def test_an_answer_prints_its_sources_and_where_it_was_written(run: Run, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    done = run("ask", "Unused leave carries over?")
    assert "[1] leave.md" in done.out
    assert "This computer, Extracts" in done.out
    assert "(receipt 1)" in done.out


def test_a_conversation_goes_on_by_its_id_or_as_the_last(run: Run, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    first = run("ask", "Unused leave carries over?", "--json").json["chat"]
    assert run("ask", "Salaries are paid when?", "--chat", first, "--json").json["chat"] == first
    assert run("ask", "Salaries are paid when?", "--chat", "last", "--json").json["chat"] == first


def test_a_local_only_question_is_restricted(run: Run, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    route = run("ask", "Unused leave carries over?", "--local-only", "--json").json["route"]
    assert (route["zone"], route["label"]) == ("local", "restricted")


def test_a_removed_sample_does_not_come_back(run: Run, handbook: Path, home: Path) -> None:
    from rag.config import load_settings
    from web.commands.serve import ingest_sample
    from web.inside import Inside

    assert load_settings().home == home
    ingest_sample(Inside(), handbook)
    source = run("sources", "--json").json[0]
    assert source["sample"] is True
    run("sources", "remove", str(source["id"]), "--yes")
    ingest_sample(Inside(), handbook)
    assert run("sources", "--json").json == []


def test_a_document_cannot_drive_the_terminal(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "evil"
    folder.mkdir()
    (folder / "a\x1b[2Jb.md").write_text("# Title \x1b]0;owned\x07\n\nRed \x1b[31m words [bold]and markup[/bold].\n")
    run("ingest", folder)
    for arguments in (("search", "markup words"), ("sources",), ("status",)):
        done = run(*arguments)
        assert "\x1b]0" not in done.out
        assert "\x1b[2J" not in done.out
    assert "[bold]and markup[/bold]" in run("search", "markup words").out
