"""Takes a model's thinking out of what it writes, across the borders of stream pieces. Stores nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.errors import CutShort
from rag.models.call import Sign
from rag.records import TextPiece

_OPEN = ("<think>", "<thinking>")
_CLOSE = ("</think>", "</thinking>")
_LONGEST = max(map(len, _OPEN + _CLOSE))
_THINKS_UNOPENED = re.compile(r"(?<![a-z0-9])(r1|qwq|thinking|thinker|reasoner|reasoning)(?![a-z0-9])", re.IGNORECASE)


def may_think_unopened(model: str) -> bool:
    """Whether a model's template is known to open the thinking tag itself, so that only its end is seen."""
    return _THINKS_UNOPENED.search(model) is not None


@dataclass(frozen=True, slots=True, repr=False)
class Sorted:
    """One piece sorted: `answer` is to be shown; `thinking` says whether some of it was thinking."""

    answer: str
    thinking: bool

    def __repr__(self) -> str:
        return f"Sorted({len(self.answer)} characters, thinking={self.thinking})"


class ThinkingFilter:
    """Sorts one stream of text.

    Tags count at the start of the answer only, so that a document quoted with such a tag passes unharmed.
    With `unopened` the stream is held back until the closing tag; when none comes, it was the answer and
    is given out at the end.
    """

    def __init__(self, *, unopened: bool = False) -> None:
        self._inside = unopened
        self._unopened = unopened
        self._held = ""
        self._begun = False
        self._wrote = False

    def show(self, text: str) -> Iterator[TextPiece | Sign]:
        """What the next piece of the stream shows: the answer in it, or a sign of life."""
        piece = self.feed(text)
        if piece.answer:
            self._wrote = True
            yield TextPiece(piece.answer)
        else:
            yield Sign.THINKING if piece.thinking else Sign.ALIVE

    def show_rest(self) -> Iterator[TextPiece]:
        """What is left to show at the regular end of the stream.

        Raises:
            CutShort: the model wrote no answer at all.
        """
        left = self.finish()
        if left.answer:
            yield TextPiece(left.answer)
        elif not self._wrote:
            raise CutShort("the model ended without writing an answer")

    def tell_separate(self) -> None:
        """The server sends thinking in a field of its own: no text is held back for a lone closing tag."""
        if self._unopened:
            self._unopened = self._inside = False

    def feed(self, text: str) -> Sorted:
        """Sort the next piece."""
        self._held += text
        thinking = False
        while True:
            if self._inside:
                thinking = True
                if not self._leave():
                    return Sorted("", thinking)
                continue
            if self._begun:
                return Sorted(self._take(), thinking)
            start = self._held.lstrip()
            if not start or any(tag.startswith(start) for tag in _OPEN):
                return Sorted("", thinking)  # may still become a tag
            opened = next((tag for tag in _OPEN if start.startswith(tag)), None)
            if opened is None:
                self._begun = True
                self._held = start
                continue
            self._inside = True
            self._held = start[len(opened) :]

    def finish(self) -> Sorted:
        """What is left at the regular end of a stream; a stream that broke off has only thinking left."""
        text = self._take()
        if self._inside and (not self._unopened or text.lstrip().startswith(_OPEN)):
            return Sorted("", True)
        return Sorted(text if self._begun else text.lstrip(), False)

    def _leave(self) -> bool:
        """Drop thinking up to its closing tag; False while that has not come."""
        ends = [(at, tag) for tag in _CLOSE if (at := self._held.find(tag)) >= 0]
        if not ends:
            if not self._unopened:
                self._held = self._held[-_LONGEST:]
            return False
        at, tag = min(ends)
        self._held = self._held[at + len(tag) :]
        self._inside = self._unopened = False
        return True

    def _take(self) -> str:
        text, self._held = self._held, ""
        return text
