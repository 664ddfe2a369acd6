"""Decides a document's label from everything that speaks about it: the highest wins, silence is
confidential."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.label_files import LabelFiles
from ingest.label_words import label_of_front_matter
from rag.policy.labels import UNLABELLED, Label, LabelSource
from rag.records import Document

UNKNOWN_WORD = "the sensitivity in its front matter is not a known word, so it counts as confidential"

_WITH_FRONT_MATTER = ("markdown", "text", "html")

# Labels that were given for a whole folder, by the person who ingested it.
_GIVEN = (LabelSource.COMMAND_LINE, LabelSource.PAGE)


@dataclass(frozen=True, slots=True)
class Decision:
    """A label, who decided it, and a sentence where something was not understood.

    `own` is what the file says of itself (labels.toml, front matter), and which of the two: the floor under
    any label given to its folder. None where it says nothing, or has not been read.
    """

    label: Label
    source: LabelSource
    reason: str = ""
    own: tuple[Label, LabelSource] | None = None


class Labeller:
    """Decides labels for the documents of one root.

    `given` is the folder's own label, set on the command line or the page, and `given_by` which of the two.
    `reconsider` True says that a labels.toml has changed since the stored labels were decided.
    """

    def __init__(
        self,
        root: Path,
        given: Label | None = None,
        given_by: LabelSource | None = None,
        *,
        reconsider: bool = False,
    ) -> None:
        self._reconsider = reconsider
        self._files = LabelFiles(root)
        self._given = given
        self._given_by = given_by or LabelSource.COMMAND_LINE

    def decide(self, path: str, front_matter: Mapping[str, str], known: Document | None = None) -> Decision:
        """The label of the document at `path`, whose front matter has just been read.

        `known` is the document as stored, if it is: a label its owner set on it stays, and one given for it
        alone is still heard when the folder has none.

        Raises:
            ConfigError: a labels.toml above it is wrong.
        """
        spoken = label_of_front_matter(front_matter)
        own = self._labels_toml(path)
        if spoken is not None:
            own.insert(0, (spoken.label, LabelSource.FRONT_MATTER))
        reason = UNKNOWN_WORD if spoken is not None and spoken.unknown else ""
        floor = _highest(own) if own else None
        if known is not None and known.label_source is LabelSource.OWNER:
            return Decision(known.label, LabelSource.OWNER, reason, floor)
        return Decision(*_highest([*own, *self._given_voices(known)]), reason, floor)

    def decide_unread(self, path: str, known: Document) -> Decision | None:
        """The label of an unchanged document, without reading it again; None when it must be read to know.

        The stored label is the highest of all that spoke, so its front matter cannot have said more. It
        matters
        only where the others now say less than the stored label and it was not the front matter that set
        it, or where a labels.toml has changed, so that what the file says of itself must be settled anew.

        Raises:
            ConfigError: a labels.toml above it is wrong.
        """
        if known.format not in _WITH_FRONT_MATTER:
            return self.decide(path, {}, known)
        voices = self._labels_toml(path) + self._given_voices(known)
        if known.label_source is LabelSource.OWNER:
            return Decision(known.label, LabelSource.OWNER)
        if self._reconsider:
            return None
        label, source = _highest(voices)
        if known.label_source is LabelSource.FRONT_MATTER:
            louder = voices and label > known.label
            return Decision(label, source) if louder else Decision(known.label, LabelSource.FRONT_MATTER)
        if known.label_source is LabelSource.DEFAULT or label >= known.label:
            return Decision(label, source)
        return None

    def check(self, path: str, known: Document | None) -> bool:
        """Whether the document at `path` must be read to know its label, although its content is known.

        Raises:
            ConfigError: a labels.toml above it is wrong.
        """
        if known is None:
            self._files.label_of(path)
            return False
        return self.decide_unread(path, known) is None

    def _labels_toml(self, path: str) -> list[tuple[Label, LabelSource]]:
        said = self._files.label_of(path)
        return [] if said is None else [(said, LabelSource.LABELS_TOML)]

    def _given_voices(self, known: Document | None) -> list[tuple[Label, LabelSource]]:
        """The label given for the folder, or, where it has none, the one given earlier for this document
        alone."""
        if self._given is not None:
            return [(self._given, self._given_by)]
        if known is not None and known.label_source in _GIVEN:
            return [(known.label, known.label_source)]
        return []


def _highest(voices: list[tuple[Label, LabelSource]]) -> tuple[Label, LabelSource]:
    """The highest label and the first who said it; the cautious default when nobody speaks."""
    return max(voices, key=lambda voice: voice[0], default=(UNLABELLED, LabelSource.DEFAULT))


def decide(
    root: Path,
    path: str,
    front_matter: Mapping[str, str],
    given: Label | None = None,
    given_by: LabelSource | None = None,
) -> tuple[Label, LabelSource]:
    """The label of one document under `root`, and who decided it. Raises as `Labeller.decide` does."""
    decision = Labeller(root, given, given_by).decide(path, front_matter)
    return decision.label, decision.source
