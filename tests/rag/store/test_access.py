"""Who may open the store, and what threads and processes see of each other."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from rag.errors import Busy, ConfigError, Damaged, NotFound, StoreError
from rag.records import SourceId
from rag.store import Store, schema
from rag.store import connection as connection_module
from tests.fakes.drafts import make_document

ROOT = Path(__file__).resolve().parents[3]


def start(program: str, *args: object) -> subprocess.Popen[str]:
    """Another process that uses the store."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, args)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_home_and_its_files_are_for_the_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    old = os.umask(0)
    try:
        with Store.open(home) as store:
            store.set_meta("a", "1")
            assert mode(home) == 0o700
            assert {path.name: mode(path) for path in home.iterdir()} == {
                "store.db": 0o600,
                "store.db-wal": 0o600,
                "store.db-shm": 0o600,
            }
    finally:
        os.umask(old)


def test_a_store_that_others_could_read_is_closed_to_them_when_opened(home: Path) -> None:
    Store.open(home).close()
    (home / "store.db").chmod(0o644)
    Store.open(home).close()
    assert mode(home / "store.db") == 0o600


def test_a_home_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Store.open(tmp_path / "file" / "home")


def test_sqlite_is_new_enough_for_several_writers_in_wal_mode() -> None:
    assert apsw.sqlite_lib_version() >= "3.51.3"


def test_every_connection_keeps_what_it_acknowledges_and_erases_what_it_frees(store: Store) -> None:
    db = store._connection()
    settings = ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "trusted_schema")
    assert [db.value(f"PRAGMA {name}") for name in settings] == ["wal", 2, 1, 1, 0]


def test_a_closed_store_says_so(home: Path) -> None:
    store = Store.open(home)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.sources()


def test_each_store_has_its_own_identity(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a") as first, Store.open(tmp_path / "b") as second:
        assert len(first.meta("store_id") or "") == 32
        assert first.meta("store_id") != second.meta("store_id")
    with Store.open(tmp_path / "a") as again:
        assert again.meta("store_id") != second_identity(tmp_path / "b")


def second_identity(home: Path) -> str | None:
    with Store.open(home, read_only=True) as store:
        return store.meta("store_id")


# -- versions


def test_a_store_of_a_newer_version_is_refused_untouched(home: Path) -> None:
    with Store.open(home) as store, store._write() as db:
        db.run(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = (home / "store.db").read_bytes()
    for read_only in (False, True):
        with pytest.raises(ConfigError, match="newer Airlock"):
            Store.open(home, read_only=read_only)
    assert (home / "store.db").read_bytes() == before


def test_a_database_of_another_program_is_refused(home: Path) -> None:
    other = apsw.Connection(str(home / "store.db"))
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    with pytest.raises(ConfigError, match="another program"):
        Store.open(home)


def test_a_store_that_lost_its_version_is_called_damaged(home: Path) -> None:
    with Store.open(home) as store, store._write() as db:
        db.run("PRAGMA user_version = 0")
    with pytest.raises(Damaged, match="no version"):
        Store.open(home)


def test_a_file_that_is_no_database_is_called_damaged(home: Path) -> None:
    (home / "store.db").write_bytes(b"this is not a database at all, and long enough to look" * 40)
    with pytest.raises(Damaged):
        Store.open(home)


# -- reading only


def test_reading_only_needs_a_store(home: Path) -> None:
    with pytest.raises(NotFound):
        Store.open(home, read_only=True)
    assert list(home.iterdir()) == []


def test_reading_only_refuses_an_empty_file(home: Path) -> None:
    (home / "store.db").touch()
    with pytest.raises(StoreError, match="not ready"):
        Store.open(home, read_only=True)


def test_reading_only_cannot_write_even_below_its_own_check(store: Store, home: Path) -> None:
    with Store.open(home, read_only=True) as reader:
        with pytest.raises(StoreError, match="reading only"):
            reader.set_meta("a", "1")
        with pytest.raises(StoreError), reader._connection().writing() as db:
            db.run("INSERT INTO meta VALUES ('a', '1')")
    assert store.meta("a") is None


def test_reading_only_works_when_the_log_and_its_index_are_missing(home: Path) -> None:
    with Store.open(home) as store:
        store.set_meta("a", "1")
    assert [path.name for path in home.iterdir()] == ["store.db"]
    with Store.open(home, read_only=True) as reader:
        assert reader.meta("a") == "1"


READER = """
import sys
from pathlib import Path
from rag.store import Store
store = Store.open(Path(sys.argv[1]), read_only=True)
for _ in sys.stdin:
    print(store.meta("a"), flush=True)
"""


def test_a_reader_in_another_process_sees_each_commit_without_reopening(store: Store, home: Path) -> None:
    with start(READER, home) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        seen = []
        for value in ("1", "2", "3"):
            store.set_meta("a", value)
            print(file=reader.stdin, flush=True)
            seen.append(reader.stdout.readline().strip())
        reader.stdin.close()
        assert reader.stderr is not None
        assert reader.stderr.read() == ""
    assert seen == ["1", "2", "3"]


READ_ONLY_MOUNT = """
mount --bind -o ro "$1" "$1" && mount -o remount,bind,ro "$1" || exit 77
exec "$2" -c 'import sys; from pathlib import Path; from rag.store import Store
print(Store.open(Path(sys.argv[1]), read_only=True).meta("a"))' "$1"
"""


def read_through_a_read_only_mount(home: Path) -> subprocess.CompletedProcess[str]:
    namespace = ("unshare", "--map-root-user", "--mount", "sh", "-c", READ_ONLY_MOUNT, "sh")
    done = subprocess.run(
        [*namespace, str(home), sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this machine allows no mount namespaces")
    return done


@pytest.mark.namespaces
def test_reading_only_needs_no_right_to_write_while_another_process_has_the_store_open(
    store: Store, home: Path
) -> None:
    store.set_meta("a", "1")
    assert read_through_a_read_only_mount(home).stdout == "1\n"


@pytest.mark.namespaces
def test_reading_only_without_the_right_to_write_refuses_a_store_nobody_has_open(home: Path) -> None:
    # Opening it as unchangeable would work, and would then miss every label changed by a later writer.
    Store.open(home).close()
    done = read_through_a_read_only_mount(home)
    assert (done.returncode, done.stdout) == (1, "")
    assert "NotFound" in done.stderr.splitlines()[-1]


# -- several at once

OPENER = """
import sys
from pathlib import Path
from rag.store import Store
sys.stdin.readline()
store = Store.open(Path(sys.argv[1]))
print(store.meta("store_id"))
"""


def test_eight_processes_that_open_a_new_home_at_once_make_one_store(tmp_path: Path) -> None:
    racers = [start(OPENER, tmp_path / "home") for _ in range(8)]
    answers = [racer.communicate("go\n", timeout=60) for racer in racers]
    assert [error for _, error in answers] == [""] * 8
    assert len({identity for identity, _ in answers}) == 1


def test_threads_write_and_read_together_and_lose_nothing(store: Store, source_id: SourceId) -> None:
    torn: list[int] = []
    stop = threading.Event()

    def read() -> int:
        rounds = 0
        while not stop.is_set():
            with store.reading():
                counts = store.counts()
                found = len(store.chunk_ids())
            if counts.chunks != found or found % 2:
                torn.append(found)
            rounds += 1
        return rounds

    def write(number: int) -> None:
        for turn in range(10):
            store.save_document(make_document(source_id, f"{number}/{turn}.md", (f"{number} {turn} a", "b")))

    with ThreadPoolExecutor(8) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        writers = [pool.submit(write, number) for number in range(4)]
        for writer in writers:
            writer.result()
        stop.set()
        assert all(reader.result() > 0 for reader in readers)
    assert torn == []
    assert store.counts().documents == 40
    assert len(store.chunk_ids()) == 80


def test_a_connection_ends_with_its_thread(store: Store) -> None:
    def open_files() -> int:
        return sum(
            "store.db" in os.readlink(f"/proc/self/fd/{fd}")
            for fd in os.listdir("/proc/self/fd")
            if os.path.exists(f"/proc/self/fd/{fd}")
        )

    if not Path("/proc/self/fd").exists():
        pytest.skip("this machine has no /proc")
    store.sources()
    before = open_files()
    for _ in range(20):
        thread = threading.Thread(target=store.sources)
        thread.start()
        thread.join()
    assert open_files() <= before + 2  # SQLite keeps a file open while another connection holds locks on it


def test_waiting_longer_than_the_limit_for_a_writer_is_busy(
    home: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "BUSY_MS", 50)
    with Store.open(home) as other, store.transaction(), pytest.raises(Busy):
        other.set_meta("a", "1")


# -- transactions


def test_a_transaction_keeps_all_or_nothing(store: Store, source_id: SourceId) -> None:
    def fail_halfway() -> None:
        with store.transaction():
            store.save_document(make_document(source_id))
            store.set_meta("a", "1")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the test's own error
        fail_halfway()
    assert store.documents() == []
    assert store.meta("a") is None
    assert store.generation() == 0


def test_a_failed_inner_part_is_undone_alone(store: Store, source_id: SourceId) -> None:
    with store.transaction():
        store.set_meta("outer", "1")
        with pytest.raises(NotFound):
            store.save_document(make_document(SourceId(99)))
        try:
            with store.transaction():
                store.set_meta("inner", "1")
                raise KeyError
        except KeyError:
            pass
    assert (store.meta("outer"), store.meta("inner")) == ("1", None)


def test_a_snapshot_does_not_see_what_is_committed_meanwhile(home: Path, store: Store) -> None:
    store.set_meta("a", "before")
    with Store.open(home) as other:
        with store.reading():
            other.set_meta("a", "after")
            assert store.meta("a") == "before"
        assert store.meta("a") == "after"


def test_a_write_inside_a_snapshot_is_refused(store: Store) -> None:
    with store.reading():
        with pytest.raises(StoreError, match="reading"):
            store.set_meta("a", "1")
        assert store.meta("a") is None
    store.set_meta("a", "1")
    assert store.meta("a") == "1"


def test_a_full_disk_undoes_the_whole_transaction_even_if_its_error_is_swallowed(
    store: Store, source_id: SourceId
) -> None:
    db = store._connection()
    pages = db.value("PRAGMA page_count")
    db.rows(f"PRAGMA max_page_count = {pages + 2}")
    big = make_document(source_id, "big.md", ["x" * 100_000])

    def swallow() -> None:
        with store.transaction():
            store.set_meta("first", "1")
            with pytest.raises(StoreError, match="full"):
                store.save_document(big)
            store.set_meta("second", "1")

    with pytest.raises(StoreError):
        swallow()
    assert (store.meta("first"), store.meta("second")) == (None, None)
    db.rows("PRAGMA max_page_count = 1000000")
    assert store.document(store.save_document(big)).path == "big.md"


KILLED = """
import os, signal, sys
from pathlib import Path
from rag.store import Store
from tests.fakes.drafts import make_document
store = Store.open(Path(sys.argv[1]))
source = store.add_source("papers", "/papers")
store.save_document(make_document(source.id, "kept.md"))
with store.transaction():
    store.save_document(make_document(source.id, "lost.md"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_acknowledged_survives_a_kill_and_half_a_document_does_not_exist(home: Path) -> None:
    with start(KILLED, home) as process:
        process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL
    with Store.open(home, read_only=True) as reader:
        assert [document.path for document in reader.documents()] == ["kept.md"]
    with Store.open(home) as store:
        assert [document.path for document in store.documents()] == ["kept.md"]
        assert len(store.chunk_ids()) == len(store.vectors()[0]) == 2
        assert store.find_damage() == []
        assert store._connection().value("PRAGMA integrity_check") == "ok"


def test_a_text_that_is_no_unicode_is_refused_without_showing_it(store: Store) -> None:
    with pytest.raises(StoreError, match="3 characters") as caught:
        store.set_meta("a", "x\udcffy")
    assert "x" not in str(caught.value).replace("text", "")
