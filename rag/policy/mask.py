"""Hides identifiers behind placeholders and puts them back, exactly. Knows no store, no model and no recogniser.

A placeholder is `⟦KIND_NUMBER_TAG⟧`, such as `⟦EMAIL_1_K7QX⟧`. The number is the value's: the same number written in
another way gets the same number and a letter (`⟦PHONE_1B_K7QX⟧`), so that each comes back as it was written. The tag is
the conversation's, so that no placeholder of another conversation is ever restored. Text in ⟦⟧ that stood in the
original is hidden too, as LITERAL; so whatever comes back in ⟦⟧ was written by Airlock or by the model.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rag.policy.spans import Kind, Span, merge

OPEN, CLOSE = "⟦", "⟧"
_TAG = re.compile(r"[A-Z0-9]{4}")
_LONGEST_INSIDE = 80
_LOOKS_LIKE_ONE = re.compile(rf"{OPEN}[^{OPEN}{CLOSE}\n]{{0,{_LONGEST_INSIDE}}}{CLOSE}")
_DIGITS_ONLY = frozenset({Kind.PHONE, Kind.CARD, Kind.BANK_ACCOUNT, Kind.TW_COMPANY, Kind.TW_HEALTH_CARD})
_LETTERS_AND_DIGITS = frozenset({Kind.TW_ID, Kind.TW_RESIDENT, Kind.NATIONAL_ID, Kind.PASSPORT, Kind.IBAN, Kind.MAC})
_EXACT = frozenset({Kind.SECRET, Kind.LITERAL})


@dataclass(frozen=True, slots=True)
class Entry:
    """One hidden value, as a vault keeps it: `surface` is how it was written, `identity` what it is."""

    placeholder: str
    kind: Kind
    identity: str = field(repr=False)
    surface: str = field(repr=False)


class Vault:
    """What one conversation has hidden. Grows, never forgets; not safe for several threads at once.

    Args:
        tag: four of A-Z and 0-9, the conversation's own, random.
        entries: what an earlier vault of the same conversation held, in its order.

    Raises:
        ValueError: the tag is none, or an entry's placeholder is not of this conversation.
    """

    def __init__(self, tag: str, entries: Iterable[Entry] = ()) -> None:
        if not _TAG.fullmatch(tag):
            raise ValueError("a vault's tag is four of A-Z and 0-9")
        self.tag = tag
        self._entries: list[Entry] = []
        self._by_surface: dict[tuple[Kind, str], str] = {}
        self._by_placeholder: dict[str, str] = {}
        self._numbers: dict[tuple[Kind, str], int] = {}
        self._spellings: Counter[tuple[Kind, str]] = Counter()
        self._counts: Counter[Kind] = Counter()
        self._in_order: list[str] = []
        for entry in entries:
            if self.hide(entry.kind, entry.surface) != entry.placeholder:
                raise ValueError(f"{entry.placeholder} is no entry of a vault tagged {tag}")

    def __repr__(self) -> str:
        return f"Vault({self.tag}, {len(self._entries)} entries)"

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that was hidden, oldest first; a vault made from them is equal to this one."""
        return tuple(self._entries)

    def hide(self, kind: Kind, surface: str) -> str:
        """The placeholder of `surface`: a new one, or the one it has."""
        known = self._by_surface.get((kind, surface))
        if known is not None:
            return known
        value = (kind, identify(kind, surface))
        if value not in self._numbers:
            self._counts[kind] += 1
            self._numbers[value] = self._counts[kind]
        placeholder = f"{OPEN}{kind}_{self._numbers[value]}{_name_spelling(self._spellings[value])}_{self.tag}{CLOSE}"
        self._spellings[value] += 1
        self._by_surface[kind, surface] = placeholder
        self._by_placeholder[placeholder] = surface
        self._entries.append(Entry(placeholder, *value, surface))
        insort(self._in_order, placeholder)
        return placeholder

    def reveal(self, written: str) -> str | None:
        """What the placeholder `written` hides; None when it is none of this vault's.

        Models escape and space out what they copy; what remains the same but for backslashes, blanks, case and
        full-width forms counts as the same.
        """
        return self._by_placeholder.get(_canonical(written))

    def expects(self, beginning: str) -> bool:
        """Whether `beginning` could go on to become a placeholder of this vault."""
        wanted = _canonical(beginning)
        place = bisect_left(self._in_order, wanted)
        return (
            len(beginning) <= _LONGEST_INSIDE + 1
            and "\n" not in beginning
            and place < len(self._in_order)
            and self._in_order[place].startswith(wanted)
        )


@dataclass(frozen=True, slots=True)
class Replacement:
    """One span of the original text and what stands for it."""

    start: int
    end: int
    kind: Kind
    placeholder: str
    score: float
    checksummed: bool


@dataclass(frozen=True, slots=True)
class Masked:
    """A text with its identifiers hidden; offsets are the original's."""

    text: str = field(repr=False)
    replacements: tuple[Replacement, ...]

    @property
    def counts(self) -> Mapping[Kind, int]:
        """How many spans of each kind were hidden: what a receipt may say."""
        return dict(sorted(Counter(one.kind for one in self.replacements).items()))


def mask(text: str, spans: Iterable[Span], vault: Vault) -> Masked:
    """`text` with `spans`, and whatever looks like a placeholder, hidden in `vault`.

    Raises:
        ValueError: a span reaches beyond the text.
    """
    pieces: list[str] = []
    replacements: list[Replacement] = []
    position = 0
    for span in _with_literals(text, merge(spans)):
        placeholder = vault.hide(span.kind, text[span.start : span.end])
        pieces += [text[position : span.start], placeholder]
        replacements.append(Replacement(span.start, span.end, span.kind, placeholder, span.score, span.checksummed))
        position = span.end
    pieces.append(text[position:])
    return Masked("".join(pieces), tuple(replacements))


def unmask(text: str, vault: Vault) -> str:
    """`text` with every placeholder of `vault` put back."""
    unmasker = Unmasker(vault)
    return unmasker.feed(text) + unmasker.finish()


class Unmasker:
    """Puts placeholders back in a stream, however it was cut; holds back only what may still become one."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown now that `piece` has come; may be empty."""
        text, shown, position = self._held + piece, [], 0
        self._held = ""
        while (start := text.find(OPEN, position)) >= 0:
            shown.append(text[position:start])
            match = _LOOKS_LIKE_ONE.match(text, start)
            original = self._vault.reveal(match[0]) if match else None
            if match and original is not None:
                shown.append(original)
                position = match.end()
            elif not match and self._vault.expects(text[start:]):
                self._held = text[start:]
                return "".join(shown)
            else:
                shown.append(OPEN)
                position = start + 1
        shown.append(text[position:])
        return "".join(shown)

    def finish(self) -> str:
        """The rest, as it is: the stream has ended."""
        rest, self._held = self._held, ""
        return rest


def identify(kind: Kind, surface: str) -> str:
    """What `surface` is, however it is written: two spellings of one value give the same."""
    if kind in _EXACT:
        return surface
    plain = unicodedata.normalize("NFKC", surface)
    if kind in _DIGITS_ONLY:
        digits = re.sub(r"\D", "", plain)
        return re.sub(r"^(?:00)?8860?", "0", digits) if kind is Kind.PHONE else digits
    if kind in _LETTERS_AND_DIGITS:
        return re.sub(r"[\W_]", "", plain).upper()
    return " ".join(plain.casefold().split())


def _with_literals(text: str, spans: tuple[Span, ...]) -> Iterable[Span]:
    """`spans`, and between them the stretches that look like placeholders."""
    if spans and spans[-1].end > len(text):
        raise ValueError(f"a span ends at {spans[-1].end}, the text at {len(text)}")
    position = 0
    for span in spans:
        yield from _find_literals(text, position, span.start)
        yield span
        position = span.end
    yield from _find_literals(text, position, len(text))


def _find_literals(text: str, start: int, end: int) -> Iterable[Span]:
    for match in _LOOKS_LIKE_ONE.finditer(text, start, end):
        yield Span(*match.span(), Kind.LITERAL, 1.0)


def _canonical(written: str) -> str:
    return re.sub(r"[\\\s]", "", unicodedata.normalize("NFKC", written)).upper()


def _name_spelling(earlier: int) -> str:
    """The letters of a value's next spelling: none for its first, then B, C … Z, BA, BB …"""
    letters = ""
    while earlier:
        earlier, letter = divmod(earlier, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
