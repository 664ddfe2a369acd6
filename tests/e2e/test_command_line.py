"""A newcomer's afternoon on the command line: ingest, ask in two languages, change files, kill the model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import CORPUS, Installation, MakeInstallation
from tests.fakes.cloud_server import CloudServer
from tests.fakes.ollama_server import FakeModel, FakeOllama, serve

NO_OLLAMA = {"AIRLOCK_LOCAL__OLLAMA_URL": ""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sample, free to be changed."""
    return Path(shutil.copytree(CORPUS, tmp_path_factory.mktemp("papers") / "papers"))


@pytest.fixture(scope="module")
def installed(make_installation: MakeInstallation, folder: Path) -> Installation:
    """The sample, ingested, with no model of any kind."""
    installation = make_installation(**NO_OLLAMA)
    files = installation.read("ingest", str(folder))
    assert {file["status"] for file in files} <= {"added", "skipped"}
    return installation


@pytest.mark.parametrize(
    ("question", "path", "said"),
    [
        ("At what water level does FY-03 raise the red alert?", "stations/water-level-alerts.md", "3.80"),
        ("FY-03 測站水位到幾公尺會發布紅色警戒？", "stations/water-level-alerts.zh-TW.md", "3.80"),
    ],
)
def test_a_question_in_either_language_is_answered_with_extracts_that_cite_its_document(
    installed: Installation, question: str, path: str, said: str
) -> None:
    answered = installed.read("ask", question)
    assert said in answered["answer"]
    assert path in {citation["path"] for citation in answered["citations"]}
    assert (answered["route"]["zone"], answered["route"]["answerer"]) == ("local", "quotes")
    assert installed.read("receipts", str(answered["receipt"]))["zone"] == "local"


def test_what_the_documents_do_not_say_is_not_answered(installed: Installation) -> None:
    answered = installed.read("ask", "Who won the football world cup in 1998?")
    assert answered["status"] == "refused"
    assert answered["citations"] == []


def test_a_second_ingest_reads_nothing_again_and_follows_what_changed(installed: Installation, folder: Path) -> None:
    assert {file["status"] for file in installed.read("ingest", str(folder))} <= {"unchanged", "skipped"}
    moved = folder / "about" / "moved.md"
    (folder / "about" / "visitor-guide.md").rename(moved)
    (folder / "procedures" / "sampling-bottles.txt").unlink()
    (folder / "stations" / "new.md").write_text("# Heron\n\nThe spare heron logger is stored in locker 17.\n", "utf-8")
    statuses = {file["path"]: file["status"] for file in installed.read("ingest", str(folder))}
    assert statuses["about/moved.md"] == "moved"
    assert statuses["procedures/sampling-bottles.txt"] == "removed"
    assert statuses["stations/new.md"] == "added"
    found = installed.read("search", "In which locker is the spare heron logger?")
    assert found["passages"][0]["path"] == "stations/new.md"
    gone = installed.read("search", "preservation acid sampling bottles", "-k", "30")
    assert "procedures/sampling-bottles.txt" not in {passage["path"] for passage in gone["passages"]}


def test_a_new_label_counts_at_the_next_question(installed: Installation, folder: Path) -> None:
    question = "How is the TB-40 turbidity sensor calibrated?"
    before = installed.read("ask", question)["route"]["label"]
    done = installed.run("label", str(folder / "procedures"), "restricted")
    assert done.returncode == 0, done.stderr
    assert before != "restricted"
    assert installed.read("ask", question)["route"]["label"] == "restricted"


def test_a_missing_folder_is_one_clear_line_and_an_exit_code(installed: Installation) -> None:
    done = installed.run("ingest", "/no/such/folder")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_wrong_setting_refuses_to_start_and_says_what_is_allowed(make_installation: MakeInstallation) -> None:
    done = make_installation(AIRLOCK_MODE="open").run("status")
    assert done.returncode == 2
    assert "mode: Input should be 'local-only', 'by-label' or 'cloud'" in done.stderr


@pytest.fixture
def ollama() -> FakeOllama:
    with serve(FakeModel("small", answer=("The budget sets aside ", "186 [1]."))) as server:
        yield server


def test_each_question_goes_where_its_passages_allow(make_installation: MakeInstallation, ollama: FakeOllama) -> None:
    with CloudServer() as cloud:
        installation = make_installation(
            AIRLOCK_LOCAL__OLLAMA_URL=ollama.url,
            AIRLOCK_CLOUD__ENABLED="true",
            AIRLOCK_CLOUD__BASE_URL=cloud.url,
            AIRLOCK_CLOUD__MODEL="big",
            OPENAI_API_KEY="sk-planted-key",
        )
        installation.read("ingest", str(CORPUS))
        public = installation.read("ask", "At what water level does FY-03 raise the red alert?")
        assert (public["route"]["zone"], public["route"]["model"]) == ("cloud", "big")
        assert public["answer"] == "The documents say so [1]."
        assert b"3.80" in cloud.received
        sent = len(cloud.received)

        secret = installation.read("ask", "How much does the 2027 budget set aside for replacing loggers?")
        assert (secret["route"]["zone"], secret["route"]["provider"], secret["route"]["model"]) == (
            "local",
            "ollama",
            "small",
        )
        assert secret["answer"] == "The budget sets aside 186 [1]."
        switched = installation.read("ask", "At what water level does FY-03 raise the red alert?", "--local-only")
        assert switched["route"]["zone"] == "local"
        assert len(cloud.received) == sent

        ollama.shutdown()
        ollama.server_close()
        fallen = installation.read("ask", "How much does the 2027 budget set aside for replacing loggers?")
        assert (fallen["route"]["zone"], fallen["route"]["answerer"]) == ("local", "quotes")
        assert len(cloud.received) == sent
        assert b"sk-planted-key" in cloud.received, "the positive control: the key went to its own provider"
