"""The receipts' chain: how a row is sealed, and what a broken chain shows. Reads no file and writes nothing.

A receipt's seal is HMAC-SHA256, under a key that is kept outside the store, over everything the row holds and
the seal of the row before it. So a row that was edited, moved, added or taken out shows to whoever has the
key; rows cut off the end show against a head that was noted elsewhere. See docs/decisions/0005-receipt-chain.md.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rag.records import ReceiptId

KEY_BYTES = 32
MAC_BYTES = 32
_HEAD = re.compile(rf"([0-9]{{1,18}}):([0-9A-Fa-f]{{{2 * MAC_BYTES}}})")

_GENESIS = b"airlock receipts 1: first\n"
_ROW = b"airlock receipts 1: row\n"
_KEY_ID = b"airlock receipts 1: key id\n"


class Break(StrEnum):
    """What can be wrong with a chain."""

    EDITED = "edited"
    """The row is not the one that was sealed: edited, moved to another place, or added without the key."""
    MISSING = "missing"
    """One or more rows before this one were taken out, or the one before it was replaced."""
    OTHER_KEY = "other_key"
    """The row was sealed with a key that is not here, so nothing can be said about it."""
    TRUNCATED = "truncated"
    """Rows after the last one were taken out, or the store is an older copy."""
    REWRITTEN = "rewritten"
    """The chain does not contain the head that was noted or kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `receipt_id` is the row it shows at; 0 for the chain as a whole."""

    code: Break
    receipt_id: ReceiptId


@dataclass(frozen=True, slots=True)
class Head:
    """A chain's end: its last receipt's id, 0 before the first, and that row's seal."""

    receipt_id: ReceiptId
    mac: bytes

    def __str__(self) -> str:
        return f"{self.receipt_id}:{self.mac.hex()}"


def parse_head(text: str) -> Head:
    """A head as `str` writes it, `ID:MAC`.

    Raises:
        ValueError: it is written otherwise.
    """
    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"a head is a number, a colon and {2 * MAC_BYTES} hexadecimal digits")
    return Head(ReceiptId(int(match[1])), bytes.fromhex(match[2]))


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What verifying found. `noted` is the head this machine remembers outside the store, None when it has none.

    `key_id` names the key the check was made with, without telling it.
    """

    count: int
    head: Head
    noted: Head | None
    key_id: str
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """True when every row is as it was sealed, and none is missing as far as can be seen from here."""
        return not self.findings


Sealed = Mapping[str, object]
"""A row of the table, keyed by column."""


def name_key(key: bytes) -> str:
    """Sixteen hexadecimal digits that tell keys apart and do not tell the key."""
    return hmac.digest(key, _KEY_ID, "sha256").hex()[:16]


def begin_chain(key: bytes, store_id: str) -> bytes:
    """What the first row is chained to: bound to the store, so that rows of another store do not fit."""
    return hmac.digest(key, _GENESIS + store_id.encode(), "sha256")


def seal_row(key: bytes, row: Sealed) -> bytes:
    """The seal of a row, which holds its `previous`; a `mac` in it is not looked at.

    Every column counts, by name. Null is left out, so a column that a later version adds does not disturb
    the rows from before it.
    """
    content = {
        name: value.hex() if isinstance(value, bytes) else value
        for name, value in row.items()
        if name != "mac" and value is not None
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hmac.digest(key, _ROW + text.encode("ascii"), "sha256")


def check_chain(
    rows: Iterable[Sealed],
    key: bytes,
    store_id: str,
    *,
    highest_id: int,
    noted: Head | None,
    kept: Sequence[Head] = (),
) -> ChainReport:
    """Check `rows`, in the order of their ids.

    Args:
        highest_id: the highest id the table has ever given.
        noted: the head that this machine noted outside the store.
        kept: heads that a person kept somewhere else.
    """
    key_id, start = name_key(key), begin_chain(key, store_id)
    head, count = Head(ReceiptId(0), start), 0
    wanted = [one for one in (noted, *kept) if one is not None]
    unmet = {one for one in wanted if one != head}
    findings: list[Finding] = []
    for row in rows:
        here = ReceiptId(int(str(row["id"])))
        if row["key_id"] != key_id:
            findings.append(Finding(Break.OTHER_KEY, here))
        elif not hmac.compare_digest(_bytes(row["mac"]), seal_row(key, row)):
            findings.append(Finding(Break.EDITED, here))
        if _bytes(row["previous"]) != head.mac:
            findings.append(Finding(Break.MISSING, here))
        head, count = Head(here, _bytes(row["mac"])), count + 1
        unmet.discard(head)
    if highest_id > head.receipt_id or any(one.receipt_id > head.receipt_id for one in unmet):
        findings.append(Finding(Break.TRUNCATED, ReceiptId(0)))
    if any(one.receipt_id <= head.receipt_id for one in unmet):
        findings.append(Finding(Break.REWRITTEN, ReceiptId(0)))
    return ChainReport(count, head, noted, key_id, tuple(findings))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else b""
