"""A question's own label: public, unless a switch, an identifier in it, or text it repeats makes it more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.config import Detect
from rag.detect.looking import Looking
from rag.policy.labels import Label, join
from rag.policy.spans import Span
from rag.records import Reason


class Repeats(Protocol):
    """Compares with what is stored."""

    def label_of(self, text: str) -> Label | None: ...


@dataclass(frozen=True, slots=True)
class OwnLabel:
    """A question's own label, and what raised it."""

    label: Label
    reasons: tuple[Reason, ...] = ()


class QuestionReader:
    """Reads a question before it is stored, so that its label is in the store when the gate looks.

    Without `looking` identifiers raise nothing: for a process that has no way to a cloud. So that nothing said then
    is missed, a process that has one looks at the conversation's earlier questions too.
    """

    def __init__(self, overlap: Repeats, looking: Looking | None, settings: Detect) -> None:
        self._overlap = overlap
        self._looking = looking
        self._settings = settings

    def read(self, text: str, earlier: Sequence[str], *, local_only: bool) -> OwnLabel:
        """The label of `text` by itself, after the questions `earlier` in its conversation."""
        if local_only:
            return OwnLabel(Label.RESTRICTED)
        reasons: list[Reason] = []
        labels = [Label.PUBLIC]
        repeated = self._overlap.label_of(text)
        if repeated is not None:
            labels.append(repeated)
            reasons.append(Reason("question_repeats", {"label": repeated.word}))
        kinds = sorted({span.kind.value for span in self._look([text, *earlier]) if self._raises(span)})
        if kinds:
            labels.append(self._settings.question_label)
            params = {"label": self._settings.question_label.word, "kinds": ", ".join(kinds)}
            reasons.append(Reason("question_identifiers", params))
        return OwnLabel(join(labels), tuple(reasons))

    def _look(self, texts: Sequence[str]) -> list[Span]:
        if self._looking is None:
            return []
        return [span for spans in self._looking.look(texts).values() for span in spans]

    def _raises(self, span: Span) -> bool:
        return span.kind.raises_label and (span.checksummed or span.score >= self._settings.raise_from)
