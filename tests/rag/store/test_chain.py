"""The chain of receipts: whatever is done to the rows past the triggers shows, and what is not done does not."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.errors import StoreError
from rag.policy.labels import Label
from rag.records import ReceiptId
from rag.store import Break, ChainReport, Head, Store, parse_head
from rag.store.chain import begin_chain, name_key, seal_row
from rag.store.receipts import seal_unsealed
from tests.fakes.drafts import make_receipt
from tests.fakes.receipts import fill, keep, tamper

KEY = bytes(range(32))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A receipts folder of one's own."""
    return tmp_path / "outside"


@pytest.fixture
def store(home: Path, own: Path) -> Iterator[Store]:
    with Store.open(home, receipts_folder=own) as opened:
        yield opened


def codes(report: ChainReport) -> set[Break]:
    return {one.code for one in report.findings}


def found(report: ChainReport) -> list[tuple[str, int]]:
    return [(one.code.value, one.receipt_id) for one in report.findings]


# -- an untouched chain


def test_an_untouched_chain_verifies_and_its_head_is_noted_outside(store: Store, own: Path) -> None:
    receipts = fill(store, 5)
    report = store.verify_receipts()
    assert (report.intact, report.count, report.head.receipt_id) == (True, 5, receipts[-1].id)
    assert report.noted == report.head
    assert report.head.mac.hex() == receipts[-1].mac
    assert (own / f"{store.meta('store_id')}.head").read_text() == f"{report.head}\n"


def test_a_chain_without_receipts_verifies(store: Store) -> None:
    report = store.verify_receipts()
    assert (report.intact, report.count, report.head.receipt_id, report.noted) == (True, 0, 0, None)
    assert store.verify_receipts([report.head]).intact


def test_the_first_seal_is_what_the_decision_page_says(store: Store, home: Path, own: Path) -> None:
    """Computed here by hand, from the written rule alone."""
    fill(store, 1)
    key = bytes.fromhex((own / "receipts.key").read_text())
    raw = apsw.Connection(str(home / "store.db"))
    cursor = raw.execute("SELECT * FROM receipts")
    names = [one[0] for one in cursor.get_description()]
    row = dict(zip(names, next(cursor), strict=True))
    (store_id,) = next(raw.execute("SELECT value FROM meta WHERE key = 'store_id'"))
    first = hmac.new(key, b"airlock receipts 1: first\n" + store_id.encode(), hashlib.sha256).digest()
    assert row["previous"] == first
    content = {name: value for name, value in row.items() if value is not None and name != "mac"}
    content["previous"] = first.hex()
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    mac = hmac.new(key, b"airlock receipts 1: row\n" + text.encode(), hashlib.sha256).digest()
    assert row["mac"] == mac
    raw.close()


def test_an_answer_that_is_undone_leaves_no_receipt_and_no_head(store: Store) -> None:
    fill(store, 2)
    before = store.verify_receipts()

    def answer_and_fail() -> None:
        with store.transaction():
            fill(store, 1)
            raise LookupError

    with pytest.raises(LookupError):
        answer_and_fail()
    assert store.verify_receipts() == before
    fill(store, 1)
    assert store.verify_receipts().intact


def test_two_processes_worth_of_stores_build_one_chain(home: Path, own: Path, store: Store) -> None:
    with Store.open(home, receipts_folder=own) as other:
        for one in (store, other, other, store):
            fill(one, 1)
        assert (other.verify_receipts().intact, other.verify_receipts().count) == (True, 4)
        assert store.verify_receipts().noted == other.verify_receipts().head


def test_the_key_and_the_head_survive_the_store(home: Path, own: Path) -> None:
    with Store.open(home, receipts_folder=own) as store:
        fill(store, 1)
        key_id = store.receipts_key().key_id
    for file in home.iterdir():
        file.unlink()
    with Store.open(home, receipts_folder=own) as again:
        assert again.receipts_key().key_id == key_id
        assert again.verify_receipts().intact  # another store, with an identity of its own
    assert len(list(own.glob("*.head"))) == 1


# -- a chain that was touched


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE receipts SET label = 3 WHERE id = 3", [("edited", 3)]),
        ("UPDATE receipts SET zone = 'local' WHERE id = 6", [("edited", 6)]),
        ("UPDATE receipts SET tokens_in = NULL WHERE id = 1", [("edited", 1)]),
        ("UPDATE receipts SET model = CAST(x'ff41' AS TEXT) WHERE id = 2", [("edited", 2)]),
        ("DELETE FROM receipts WHERE id = 3", [("missing", 4)]),
        ("DELETE FROM receipts WHERE id = 1", [("missing", 2)]),
        ("DELETE FROM receipts WHERE id = 6", [("truncated", 0)]),
        ("DELETE FROM receipts", [("truncated", 0)]),
        ("UPDATE receipts SET key_id = '0123456789abcdef' WHERE id = 2", [("other_key", 2)]),
        ("UPDATE receipts SET mac = zeroblob(32) WHERE id = 6", [("edited", 6), ("rewritten", 0)]),
        ("UPDATE receipts SET mac = NULL WHERE id = 2", [("edited", 2), ("missing", 3)]),
        (
            "UPDATE receipts SET id = CASE id WHEN 2 THEN 103 WHEN 3 THEN 102 END WHERE id IN (2, 3);"
            "UPDATE receipts SET id = id - 100 WHERE id > 100",
            [("edited", 2), ("missing", 2), ("edited", 3), ("missing", 3), ("missing", 4)],
        ),
        (
            "INSERT INTO receipts SELECT 7, chat_id, question_id, message_id, created_at, zone, answerer, provider,"
            " model, label, reasons, chunk_ids, chunk_labels, status, steps, tokens_in, tokens_out, bytes_out,"
            " request_digest, seconds, key_id, mac, randomblob(32), masked FROM receipts WHERE id = 6",
            [("edited", 7)],
        ),
    ],
    ids=lambda value: value[:48] if isinstance(value, str) else "",
)
def test_every_kind_of_tampering_is_named_at_its_row(
    store: Store, home: Path, sql: str, expected: list[tuple[str, int]]
) -> None:
    fill(store, 6)
    tamper(home, *sql.split(";"))
    assert found(store.verify_receipts()) == expected


def test_rows_cut_off_the_end_show_though_the_counter_was_set_back(store: Store, home: Path) -> None:
    fill(store, 6)
    tamper(home, "DELETE FROM receipts WHERE id > 4", "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'receipts'")
    assert found(store.verify_receipts()) == [("truncated", 0)]


def test_an_older_copy_of_the_store_shows_and_its_evidence_is_not_overwritten(home: Path, own: Path) -> None:
    with Store.open(home, receipts_folder=own) as store:
        fill(store, 2)
    old = (home / "store.db").read_bytes()
    with Store.open(home, receipts_folder=own) as store:
        fill(store, 2)
        kept = store.verify_receipts().head
    (home / "store.db").write_bytes(old)
    with Store.open(home, receipts_folder=own) as store:
        assert codes(store.verify_receipts()) == {Break.TRUNCATED}
        fill(store, 3)
        report = store.verify_receipts()
        assert (codes(report), report.noted) == ({Break.REWRITTEN}, kept)


def test_a_head_kept_elsewhere_shows_what_even_a_thief_of_the_key_did(store: Store, home: Path, own: Path) -> None:
    """Who has the key and the folder can write the whole chain anew; only a head kept elsewhere tells."""
    fill(store, 4)
    kept = store.verify_receipts().head
    _write_anew(home, own, "UPDATE receipts SET label = 3 WHERE id = 2")
    (own / f"{store.meta('store_id')}.head").unlink()
    assert store.verify_receipts().intact
    assert found(store.verify_receipts([kept])) == [("rewritten", 0)]
    assert found(store.verify_receipts([Head(store.receipts()[0].id, bytes(32))])) == [("rewritten", 0)]


def test_an_earlier_head_still_fits_a_chain_that_grew(store: Store) -> None:
    fill(store, 2)
    kept = store.verify_receipts().head
    fill(store, 2)
    assert store.verify_receipts([kept]).intact


def test_rows_of_another_store_do_not_fit(tmp_path: Path, own: Path) -> None:
    homes = tmp_path / "a", tmp_path / "b"
    for home in homes:
        with Store.open(home, receipts_folder=own) as store:
            fill(store, 1)
    tamper(
        homes[0],
        "DELETE FROM receipts",
        f"ATTACH '{homes[1] / 'store.db'}' AS b",
        "INSERT INTO receipts SELECT * FROM b.receipts",
    )
    with Store.open(homes[0], receipts_folder=own) as store:
        assert Break.MISSING in codes(store.verify_receipts())


def test_with_another_key_nothing_is_said_to_be_well(home: Path, own: Path, tmp_path: Path) -> None:
    with Store.open(home, receipts_folder=own) as store:
        fill(store, 2)
        assert store.receipts_key().fits
    with Store.open(home, receipts_folder=tmp_path / "elsewhere") as store:
        assert not store.receipts_key().fits
        assert [code for code, _ in found(store.verify_receipts())] == ["other_key", "missing", "other_key"]
        fill(store, 1)
        assert found(store.verify_receipts())[-1] == ("other_key", 2), "what is added fits on to what is there"


def test_a_receipt_without_its_seal_is_not_taken(store: Store) -> None:
    fill(store, 1)
    with store._write() as db:
        names = [name for (name,) in db.rows("SELECT name FROM pragma_table_info('receipts')")]
        chosen = ", ".join({"id": "id + 1", "mac": "NULL"}.get(name, name) for name in names)
        db.run(f"CREATE VIEW receipts_without_seal AS SELECT {chosen} FROM receipts")
    with pytest.raises(StoreError, match="has its seal"), store._write() as db:
        db.run("INSERT INTO receipts SELECT * FROM receipts_without_seal")


_NUMBERS = ("question_id", "message_id", "label", "tokens_in", "tokens_out", "bytes_out")
_TEXTS = (
    *("chat_id", "created_at", "zone", "answerer", "provider", "model", "reasons", "chunk_ids", "chunk_labels"),
    *("status", "steps", "request_digest", "seconds", "key_id"),
)
_ROWS = 8
_ids = st.integers(1, _ROWS)
_changes = st.one_of(
    st.tuples(st.just("number"), _ids, st.sampled_from(_NUMBERS), st.integers(0, 3)),
    st.tuples(st.just("text"), _ids, st.sampled_from(_TEXTS), st.text(alphabet="abc[]1", max_size=4)),
    st.tuples(st.just("blob"), _ids, st.sampled_from(("previous", "mac")), st.binary(min_size=0, max_size=33)),
    st.tuples(st.just("delete"), _ids, st.just(""), st.just(0)),
    st.tuples(st.just("swap"), _ids, st.just(""), _ids),
    st.tuples(st.just("cut"), _ids, st.just(""), st.booleans()),
    st.tuples(st.just("copy"), _ids, st.just(""), st.just(0)),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(changes=st.lists(_changes, min_size=1, max_size=4))
def test_random_tampering_shows_exactly_when_something_changed(
    changes: list[tuple[str, int, str, object]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "tampered"
    home, own = folder / "home", folder / "outside"
    if not home.exists():
        with Store.open(home, receipts_folder=own) as store:
            fill(store, _ROWS)
        (folder / "whole").write_bytes((home / "store.db").read_bytes())
    (home / "store.db").write_bytes((folder / "whole").read_bytes())
    before = _table(home)
    for change in changes:
        _apply(home, change)
    with Store.open(home, receipts_folder=own) as store:
        assert store.verify_receipts().intact == (_table(home) == before)


def _apply(home: Path, change: tuple[str, int, str, object]) -> None:
    kind, row, column, value = change
    match kind:
        case "number":
            tamper(home, f"UPDATE receipts SET {column} = {value} WHERE id = {row}")
        case "text":
            tamper(home, f"UPDATE receipts SET {column} = '{value}' WHERE id = {row}")
        case "blob":
            assert isinstance(value, bytes)
            tamper(home, f"UPDATE receipts SET {column} = x'{value.hex()}' WHERE id = {row}")
        case "delete":
            tamper(home, f"DELETE FROM receipts WHERE id = {row}")
        case "swap":
            tamper(
                home,
                f"UPDATE receipts SET id = 1000 WHERE id = {row}",
                f"UPDATE receipts SET id = {row} WHERE id = {value}",
                f"UPDATE receipts SET id = {value} WHERE id = 1000",
                f"UPDATE sqlite_sequence SET seq = {_ROWS} WHERE name = 'receipts'",
            )
        case "cut":
            seq = f"UPDATE sqlite_sequence SET seq = {row - 1} WHERE name = 'receipts'"
            tamper(home, f"DELETE FROM receipts WHERE id >= {row}", *([seq] if value else []))
        case "copy":
            columns = "previous, mac, key_id, " + ", ".join((*_NUMBERS, *_TEXTS[:-1]))
            tamper(home, f"INSERT INTO receipts ({columns}) SELECT {columns} FROM receipts WHERE id = {row}")


def _table(home: Path) -> list[tuple[object, ...]]:
    raw = apsw.Connection(str(home / "store.db"))
    rows = list(raw.execute("SELECT * FROM receipts ORDER BY id"))
    raw.close()
    return rows


def _write_anew(home: Path, own: Path, *statements: str) -> None:
    """Change rows and seal all of them again with the true key."""
    tamper(home, *statements, "UPDATE receipts SET previous = NULL, mac = NULL, key_id = NULL")
    with Store.open(home, receipts_folder=own) as store, store._write() as db:
        seal_unsealed(db, bytes.fromhex((own / "receipts.key").read_text()))


# -- the pure part


def test_a_head_reads_back_as_it_was_written() -> None:
    head = Head(ReceiptId(42), secrets.token_bytes(32))
    assert parse_head(f" {head}\n") == head


@pytest.mark.parametrize(
    "text", ["", "42", "42:", ":" + "0" * 64, "x:" + "0" * 64, "1:" + "0" * 63, "²:" + "0" * 64, "1:" + "g" * 64]
)
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a head is a number"):
        parse_head(text)


@given(
    st.dictionaries(
        st.sampled_from(("id", "model", "label", "previous")), st.none() | st.integers() | st.text() | st.binary()
    )
)
def test_the_seal_looks_at_every_value_and_at_no_null(row: dict[str, object]) -> None:
    sealed = seal_row(KEY, row)
    assert seal_row(KEY, {**row, "later": None}) == sealed
    assert seal_row(KEY, {**row, "mac": b"x"}) == sealed
    assert seal_row(KEY, {**row, "later": 0}) != sealed
    assert seal_row(KEY[::-1], row) != sealed


def test_a_key_is_named_without_being_told() -> None:
    assert name_key(KEY) != name_key(KEY[::-1])
    assert name_key(KEY) not in KEY.hex()
    assert begin_chain(KEY, "a") != begin_chain(KEY, "b")


def test_a_label_in_a_receipt_counts_for_its_seal(store: Store) -> None:
    one, other = (keep(store, make_receipt(label=label)) for label in (Label.PUBLIC, Label.INTERNAL))
    assert one.mac != other.mac
