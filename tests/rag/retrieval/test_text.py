"""Terms: one form for all spellings of a word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.text import fold, ideograph_share, terms


def test_traditional_and_simplified_fold_to_one_form() -> None:
    assert fold("資訊網路") == fold("资讯网路") == "资讯网路"


def test_full_width_letters_fold_to_half_width_lower_case() -> None:
    assert fold("ＱＨ－２００　℃") == "qh-200 °c"


def test_a_run_of_ideographs_becomes_pairs_and_singles() -> None:
    cut = terms("保固多久？")
    assert cut.pairs == ("保固", "固多", "多久")
    assert cut.singles == ("保", "固", "多", "久")
    assert cut.words == ()


def test_pairs_do_not_reach_over_punctuation() -> None:
    assert terms("費用，期限").pairs == ("费用", "期限")


@pytest.mark.parametrize("spelling", ["QH-200", "qh200", "ＱＨ－２００"])
def test_every_spelling_of_an_identifier_shares_the_joined_form_and_the_parts(spelling: str) -> None:
    assert {"qh200", "qh", "200"} <= set(terms(spelling).words)


def test_an_identifier_is_also_kept_whole() -> None:
    assert terms("firmware 2.4.1").words == ("firmware", "2.4.1", "241", "2", "4", "1")


def test_a_possessive_is_dropped() -> None:
    assert terms("the customer's").words == ("the", "customer")


def test_a_latin_word_inside_chinese_is_a_word_of_its_own() -> None:
    cut = terms("支援MQTT協定")
    assert cut.words == ("mqtt",)
    assert cut.pairs == ("支援", "协定")


def test_ideograph_share_counts_letters_only() -> None:
    assert ideograph_share("保固 ab!!") == 0.5
    assert ideograph_share("?!") == 0.0


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing_that_terms_can_see(text: str) -> None:
    assert terms(fold(text)) == terms(fold(fold(text)))


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=30))
def test_a_run_of_n_ideographs_gives_n_minus_one_pairs(text: str) -> None:
    cut = terms(text)
    assert len(cut.pairs) == len(cut.singles) - 1
    assert "".join(pair[0] for pair in cut.pairs) + cut.singles[-1] == "".join(cut.singles)
