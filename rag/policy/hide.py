"""Hides the identifiers in every part of a prompt. Pure: what stands where was found before and is handed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rag.errors import EgressRefused
from rag.policy.mask import Vault, mask
from rag.policy.spans import Span
from rag.records import Excerpt, Prompt

Found = Mapping[str, tuple[Span, ...]]
"""The identifiers in each text. A text that is not in it was never looked at."""


def parts_of(prompt: Prompt) -> Iterator[str]:
    """Every text of `prompt` that would be sent."""
    for turn in prompt.history:
        yield turn.text
    for excerpt in prompt.excerpts:
        yield from (excerpt.title, excerpt.place, excerpt.text)
    yield prompt.question


def hide_identifiers(prompt: Prompt, found: Found, vault: Vault) -> tuple[Prompt, dict[str, int]]:
    """`prompt` with placeholders for what `found` names, and how many of each kind were put in.

    Goes through the parts in one order, so that the same prompt over an equal vault gives the same placeholders.

    Raises:
        EgressRefused: a part was never searched for identifiers, so nothing can be said about it.
    """
    counts: Counter[str] = Counter()

    def hide(text: str) -> str:
        if not text:
            return text
        if text not in found:
            raise EgressRefused("a part of the prompt was never searched for identifiers")
        masked = mask(text, found[text], vault)
        counts.update({kind.value: count for kind, count in masked.counts.items()})
        return masked.text

    history = tuple(replace(turn, text=hide(turn.text)) for turn in prompt.history)
    excerpts = tuple(Excerpt(one.number, hide(one.title), hide(one.place), hide(one.text)) for one in prompt.excerpts)
    hidden = replace(prompt, question=hide(prompt.question), excerpts=excerpts, history=history, masked=True)
    return hidden, dict(sorted(counts.items()))
