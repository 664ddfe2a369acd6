"""The receipts as other rooms see them: read, verified, and judged again by today's labels. Adds none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from rag.errors import StoreError
from rag.policy.replay import Past
from rag.records import ChatId, Receipt, ReceiptId
from rag.store import receipts, replay
from rag.store.access import Access
from rag.store.chain import ChainReport, Head, check_chain, name_key
from rag.store.views import CloudUse, KeyPlace


class Ledger(Access):
    """What was sent where, for good. Receipts come into it with their answers (`Store.add_answer`)."""

    def receipts(self, *, limit: int = 100, chat_id: ChatId | None = None) -> list[Receipt]:
        """The newest receipts first."""
        with self._read() as db:
            return receipts.list_receipts(db, limit, chat_id)

    def receipt(self, id: ReceiptId) -> Receipt:
        """One receipt. Raises NotFound."""
        with self._read() as db:
            return receipts.read_receipt(db, id)

    def receipts_between(self, since: str, until: str) -> list[Receipt]:
        """The receipts of a period, oldest first; both times as the store writes them, `until` not included."""
        with self._read() as db:
            return receipts.list_receipts_between(db, since, until)

    def cloud_use(self, provider: str, since: str) -> list[CloudUse]:
        """What went to `provider` from the time `since` on, by model; a call that failed on the way counts too."""
        with self._read() as db:
            return receipts.sum_cloud_use(db, provider, since)

    def past_sendings(self) -> Iterator[Past]:
        """Every answer for which something may have left this machine, the newest first, with what it was
        made of as it is labelled today."""
        with self._read() as db:
            past = list(replay.read_past(db))
        yield from past

    def verify_receipts(self, kept: Sequence[Head] = ()) -> ChainReport:
        """Check the whole chain, and that it goes through the noted head and those a person kept.

        Raises:
            NotFound: the key is not here (only when the store was opened for reading).
        """
        key = self._keeping.key(create=not self._read_only)
        with self._read() as db:
            store_id = str(db.value("SELECT value FROM meta WHERE key = 'store_id'"))
            return check_chain(
                receipts.stream_rows(db),
                key,
                store_id,
                highest_id=receipts.highest_id(db),
                noted=self._keeping.read_head(store_id),
                kept=kept,
            )

    def receipts_key(self) -> KeyPlace:
        """Where the key and the noted head lie, and whether this key sealed the newest receipt."""
        key_id = name_key(self._keeping.key(create=not self._read_only))
        with self._read() as db:
            store_id = str(db.value("SELECT value FROM meta WHERE key = 'store_id'"))
            newest = db.value("SELECT key_id FROM receipts ORDER BY id DESC LIMIT 1")
        return KeyPlace(self._keeping.key_file, self._keeping.head_file(store_id), key_id, newest in (None, key_id))

    def _note_head(self) -> None:
        """Note the chain's end outside the store, for the day it is gone from inside.

        Called after the commit. Another process may commit and note at the same time: so look again after
        writing, until what is noted is the end. A noted head that the chain does not go through is left as it
        is: it is the evidence.
        """
        key = self._keeping.key(create=True)
        with suppress(
            OSError, StoreError
        ):  # the receipt itself is safe, and an older head still shows what came before it
            for _ in range(100):
                with self._read() as db:
                    store_id = str(db.value("SELECT value FROM meta WHERE key = 'store_id'"))
                    head = receipts.read_head(db, key)
                    noted = self._keeping.read_head(store_id)
                    if noted == head or (noted is not None and not receipts.contains_head(db, key, noted)):
                        return
                self._keeping.write_head(store_id, head)
