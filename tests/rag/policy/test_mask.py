"""Hiding and putting back: exact for every text, every spelling and every way a stream may be cut."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import EgressRefused
from rag.policy.hide import hide_identifiers, parts_of
from rag.policy.mask import Entry, Unmasker, Vault, mask, unmask
from rag.policy.spans import Kind, Span, merge
from rag.records import Excerpt, Prompt, Role, Turn

TAG = "K7QX"
pieces = st.text(st.sampled_from("ab1 \n⟦⟧_EMAIL王小明é\\"), max_size=12)


def texts_with_spans() -> st.SearchStrategy[tuple[str, tuple[Span, ...]]]:
    def build(parts: list[tuple[str, str | None]]) -> tuple[str, tuple[Span, ...]]:
        text, spans = "", []
        for plain, hidden in parts:
            text += plain
            if hidden:
                spans.append(Span(len(text), len(text) + len(hidden), Kind.EMAIL, 0.9))
                text += hidden
        return text, tuple(spans)

    hidden = st.none() | st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
    return st.lists(st.tuples(pieces, hidden), max_size=6).map(build)


@given(texts_with_spans())
def test_what_was_hidden_comes_back_exactly(case: tuple[str, tuple[Span, ...]]) -> None:
    text, spans = case
    vault = Vault(TAG)
    masked = mask(text, spans, vault)
    assert unmask(masked.text, vault) == text
    for span in spans:
        assert f"{Kind.EMAIL}_" in masked.text or span.end > len(text)


def test_unmasking_is_exact_in_ten_thousand_streams_cut_anywhere() -> None:
    dice = random.Random(20261127)
    alphabet = "ab ⟦⟧_E1\n王\\"
    for _ in range(10_000):
        vault = Vault(TAG)
        text = ""
        for _ in range(dice.randint(1, 5)):
            text += "".join(dice.choices(alphabet, k=dice.randint(0, 6)))
            surface = "".join(dice.choices("xyz@.09", k=dice.randint(1, 9)))
            start = len(text)
            text += surface
            masked = mask(text[start:], [Span(0, len(surface), dice.choice(list(Kind)), 0.9)], vault)
            text = text[:start] + masked.text
        whole = unmask(text, vault)
        unmasker, position, shown = Unmasker(vault), 0, ""
        while position < len(text):
            step = dice.randint(1, 7)
            shown += unmasker.feed(text[position : position + step])
            position += step
        assert shown + unmasker.finish() == whole


def test_text_that_cannot_become_a_placeholder_is_never_held_back() -> None:
    unmasker = Unmasker(Vault(TAG, [Entry(f"⟦EMAIL_1_{TAG}⟧", Kind.EMAIL, "a@b", "a@b")]))
    assert unmasker.feed("Hello ⟦X") == "Hello ⟦X"
    assert unmasker.feed("⟦EMA") == ""
    assert unmasker.feed(f"IL_1_{TAG}⟧!") == "a@b!"


@pytest.mark.parametrize("written", ["⟦ email_1_k7qx ⟧", "⟦EMAIL\\_1\\_K7QX⟧", "⟦ＥＭＡＩＬ_1_K7QX⟧"])
def test_what_a_model_changed_in_copying_still_comes_back(written: str) -> None:
    vault = Vault(TAG)
    vault.hide(Kind.EMAIL, "a@b")
    assert unmask(f"Write to {written}.", vault) == "Write to a@b."


def test_one_value_has_one_number_and_each_spelling_a_letter() -> None:
    vault = Vault(TAG)
    assert vault.hide(Kind.PHONE, "0912-345-678") == f"⟦PHONE_1_{TAG}⟧"
    assert vault.hide(Kind.PHONE, "+886 912 345 678") == f"⟦PHONE_1B_{TAG}⟧"
    assert vault.hide(Kind.PHONE, "0912-345-678") == f"⟦PHONE_1_{TAG}⟧"
    assert vault.hide(Kind.PHONE, "0987-654-321") == f"⟦PHONE_2_{TAG}⟧"
    assert Vault(TAG, vault.entries).entries == vault.entries
    assert "0912" not in repr(vault) + repr(vault.entries)


def test_anothers_placeholder_is_hidden_and_comes_back_as_it_was() -> None:
    vault = Vault(TAG)
    foreign = "⟦EMAIL_1_ZZZZ⟧"
    masked = mask(f"see {foreign}", (), vault)
    assert foreign not in masked.text
    assert unmask(masked.text, vault) == f"see {foreign}"


@pytest.mark.parametrize("tag", ["", "abc", "abcd", "ABCDE", "AB_1"])
def test_a_tag_is_four_signs(tag: str) -> None:
    with pytest.raises(ValueError, match="four"):
        Vault(tag)


def test_entries_of_another_conversation_are_refused() -> None:
    with pytest.raises(ValueError, match="no entry of a vault"):
        Vault(TAG, [Entry("⟦EMAIL_1_ZZZZ⟧", Kind.EMAIL, "a", "a")])


def test_a_span_beyond_the_text_is_refused() -> None:
    with pytest.raises(ValueError, match="ends at 9"):
        mask("short", [Span(0, 9, Kind.EMAIL, 0.9)], Vault(TAG))


PROMPT = Prompt(
    "Is a@b right?",
    (Excerpt(1, "Mail a@b", "p. 1", "Write to a@b."), Excerpt(2, "", "", "Nothing.")),
    (Turn(Role.USER, "Who is a@b?"),),
)


def find(text: str) -> tuple[Span, ...]:
    at = text.find("a@b")
    return (Span(at, at + 3, Kind.EMAIL, 0.9),) if at >= 0 else ()


def test_every_part_of_a_prompt_is_hidden_and_counted() -> None:
    found = {text: find(text) for text in parts_of(PROMPT)}
    prompt, counts = hide_identifiers(PROMPT, found, Vault(TAG))
    assert all("a@b" not in text for text in parts_of(prompt))
    assert counts == {"EMAIL": 4}
    assert (prompt.masked, PROMPT.masked) == (True, False)
    assert [excerpt.number for excerpt in prompt.excerpts] == [1, 2]


@pytest.mark.parametrize("missing", [text for text in parts_of(PROMPT) if text])
def test_a_part_that_nobody_looked_at_refuses_the_whole(missing: str) -> None:
    found = {text: find(text) for text in parts_of(PROMPT) if text != missing}
    with pytest.raises(EgressRefused, match="never searched"):
        hide_identifiers(PROMPT, found, Vault(TAG))


def test_overlapping_finds_become_one_that_leaves_no_rest() -> None:
    joined = merge([Span(0, 5, Kind.PHONE, 0.6), Span(3, 9, Kind.TW_ID, 0.9, True), Span(20, 22, Kind.IP, 0.5)])
    assert joined == (Span(0, 9, Kind.TW_ID, 0.9, False), Span(20, 22, Kind.IP, 0.5))


@pytest.mark.parametrize(("start", "end", "score"), [(-1, 2, 0.5), (2, 2, 0.5), (0, 1, 0.0), (0, 1, 1.1)])
def test_a_span_that_cannot_be_is_refused(start: int, end: int, score: float) -> None:
    with pytest.raises(ValueError, match="no span"):
        Span(start, end, Kind.EMAIL, score)


def test_addresses_and_numbers_to_call_alone_raise_no_label() -> None:
    assert not Kind.EMAIL.raises_label
    assert not Kind.PHONE.raises_label
    assert Kind.TW_ID.raises_label
