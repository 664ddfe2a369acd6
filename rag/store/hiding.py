"""The store's part in hiding identifiers: what was found in which text, and each conversation's vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.policy.hide import hide_identifiers, parts_of
from rag.policy.mask import Vault
from rag.policy.spans import Span
from rag.records import ChatId, Prompt
from rag.store import detections
from rag.store.access import Access


class Hiding(Access):
    """Finds and vaults."""

    def spans(self, texts: Sequence[str], detector: str) -> dict[str, tuple[Span, ...]]:
        """The identifiers in each of `texts` that `detector` has looked at; a text that is missing is unknown."""
        with self._read() as db:
            return detections.read_spans(db, texts, detector)

    def save_spans(self, found: Mapping[str, tuple[Span, ...]], detector: str) -> None:
        """Keep what `detector` found in each text."""
        with self._write() as db:
            detections.write_spans(db, found, detector)

    def vault(self, chat_id: ChatId) -> Vault | None:
        """What a conversation has hidden; None before it has hidden anything."""
        with self._read() as db:
            return detections.read_vault(db, chat_id)

    def prepare_vault(self, chat_id: ChatId, prompt: Prompt, detector: str) -> None:
        """Enter into the conversation's vault all that masking `prompt` hides, so that the gate, which only reads,
        can mask it.

        Raises:
            EgressRefused: a part of the prompt was never searched for identifiers.
        """
        with self._write() as db:
            vault = detections.open_vault(db, chat_id)
            held = len(vault.entries)
            hide_identifiers(prompt, detections.read_spans(db, list(parts_of(prompt)), detector), vault)
            detections.write_vault(db, chat_id, vault, held)
