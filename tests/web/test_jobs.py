"""Ingest in a child process: its arguments, its progress, its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import Busy
from rag.policy.labels import Label
from web.jobs import IngestJobs, Job, Progress


def child(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def start_many(jobs: IngestJobs, count: int) -> None:
    for number in range(count):
        jobs.start(Job(Path(f"/{number}")))


def wait_for(jobs: IngestJobs, wanted: Callable[[Progress], bool]) -> Progress:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        progress = jobs.progress()
        if progress is not None and wanted(progress):
            return progress
        time.sleep(0.01)
    raise AssertionError(jobs.progress())


def test_a_job_says_what_to_ingest_and_never_reads_a_folder_as_an_option() -> None:
    job = Job(Path("--help"), Label.INTERNAL, "name")
    assert job.arguments() == [
        "--json-progress",
        *("--label", "internal", "--label-source", "page"),
        *("--name", "name"),
        *("--", "--help"),
    ]


def test_progress_is_followed_to_the_end() -> None:
    code = (
        "import json, sys\n"
        "print('noise')\n"
        "print(json.dumps({'files_done': 1, 'files_total': 2, 'bytes_done': 5, 'bytes_total': 9,"
        " 'current': 'a.md', 'failed': 0, 'rate': 3.5, 'seconds_left': None}), flush=True)\n"
        "print(json.dumps({'files_done': 2, 'files_total': 2, 'failed': 1, 'seconds_left': 0.5}))\n"
    )
    jobs = IngestJobs(child(code))
    jobs.start(Job(Path("/x")))
    done = wait_for(jobs, lambda one: not one.running)
    assert (done.files_done, done.files_total, done.failed, done.seconds_left, done.error) == (2, 2, 1, 0.5, "")


def test_a_child_that_fails_leaves_its_last_line_as_the_reason() -> None:
    jobs = IngestJobs(child("import sys; sys.stderr.write('a\\nairlock: the store is busy\\n'); sys.exit(4)"))
    jobs.start(Job(Path("/x")))
    assert wait_for(jobs, lambda one: not one.running).error == "airlock: the store is busy"


def test_a_child_that_cannot_start_is_a_reason_too() -> None:
    jobs = IngestJobs(("/no/such/program",))
    jobs.start(Job(Path("/x")))
    assert "could not be started" in wait_for(jobs, lambda one: not one.running).error


def test_jobs_run_one_after_the_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = (
        "import sys, time\n"
        f"log = open({str(log)!r}, 'a')\n"
        "log.write('in\\n'); log.flush(); time.sleep(0.1); log.write('out\\n')\n"
    )
    jobs = IngestJobs(child(code))
    for folder in ("/a", "/b", "/c"):
        jobs.start(Job(Path(folder)))
    wait_for(jobs, lambda one: not one.running and one.folder == "/c")
    assert log.read_text().split() == ["in", "out"] * 3


def test_very_many_waiting_jobs_are_refused() -> None:
    jobs = IngestJobs(child("import time; time.sleep(30)"))
    try:
        jobs.start(Job(Path("/first")))
        wait_for(jobs, lambda one: one.running)
        with pytest.raises(Busy, match="20 folders"):
            start_many(jobs, 25)
    finally:
        jobs.close()


def test_closing_ends_the_child_and_starts_no_other() -> None:
    jobs = IngestJobs(child("import time; time.sleep(30)"))
    jobs.start(Job(Path("/a")))
    jobs.start(Job(Path("/b")))
    wait_for(jobs, lambda one: one.running)
    started = time.monotonic()
    jobs.close()
    assert wait_for(jobs, lambda one: not one.running).folder == "/a"
    assert time.monotonic() - started < 5
