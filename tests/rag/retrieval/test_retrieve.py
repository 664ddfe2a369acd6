"""Retrieval over a real store and both real engines, with an embedder made of words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.config import Retrieval
from rag.errors import Damaged, IndexStale
from rag.policy.labels import Label, LabelSource
from rag.retrieval.dense import DenseIndex
from rag.retrieval.lexical import LexicalIndex
from rag.retrieval.retrieve import Retriever
from rag.store import Store
from tests.fakes.retrieval import WordVectors, add_source, save


@pytest.fixture
def retriever(store: Store, home: Path) -> Retriever:
    public, secret = add_source(store, "public"), add_source(store, "secret")
    save(store, public, "gateway.md", ["The gateway firmware sets the MQTT keep-alive to 30 seconds."])
    save(store, public, "canteen.md", ["The canteen opens at eleven.", "Soup is served on Mondays."])
    save(store, secret, "gateway-incident.md", ["The gateway firmware failed at one customer."], Label.CONFIDENTIAL)
    save(store, secret, "保固.md", ["本產品自交貨日起享有三年保固。"], Label.INTERNAL)
    return make(store, home)


def make(store: Store, home: Path, **settings: object) -> Retriever:
    dense, lexical = DenseIndex(store, home / "dense"), LexicalIndex(store, home / "lexical")
    return Retriever(store, WordVectors(), dense, lexical, Retrieval.model_validate(settings))


def paths(passages: object) -> list[str]:
    return [passage.path for passage in passages]  # type: ignore[attr-defined]


def test_the_right_passage_comes_first_with_all_it_carries(retriever: Retriever) -> None:
    found = retriever.retrieve("Which MQTT keep-alive does the gateway firmware set?")
    first = found.passages[0]
    assert (first.path, first.rank, first.label) == ("gateway.md", 1, Label.PUBLIC)
    assert (first.label_source, first.source_name, first.local_only) == (LabelSource.COMMAND_LINE, "public", False)
    assert (first.lexical_rank, first.dense_rank) == (1, 1)
    assert first.lexical_score is not None
    assert first.dense_score == pytest.approx(found.passages[0].dense_score)
    assert 0.9 < first.score <= 1.0
    assert found.sufficient


def test_ranks_count_from_1_through_kept_and_cut(retriever: Retriever) -> None:
    found = retriever.retrieve("gateway firmware MQTT keep-alive")
    assert [passage.rank for passage in (*found.passages, *found.cut)] == list(
        range(1, len(found.passages) + len(found.cut) + 1)
    )
    scores = [passage.score for passage in (*found.passages, *found.cut)]
    assert scores == sorted(scores, reverse=True)


def test_a_weak_confidential_passage_is_cut_and_raises_nothing(retriever: Retriever) -> None:
    found = retriever.retrieve("MQTT keep-alive 30 seconds gateway")
    assert paths(found.passages) == ["gateway.md"]
    assert "gateway-incident.md" in paths(found.cut)


def test_without_the_cut_the_whole_list_comes_back(retriever: Retriever) -> None:
    found = retriever.retrieve("MQTT keep-alive 30 seconds gateway", cut=False)
    assert found.cut == ()
    assert {"gateway.md", "gateway-incident.md"} <= set(paths(found.passages))


@pytest.mark.parametrize("clearance", list(Label))
def test_nothing_above_the_clearance_is_returned_kept_or_cut(retriever: Retriever, clearance: Label) -> None:
    found = retriever.retrieve("gateway firmware customer 保固", clearance=clearance)
    assert all(passage.label <= clearance for passage in (*found.passages, *found.cut))
    assert ("gateway-incident.md" in paths((*found.passages, *found.cut))) is (clearance >= Label.CONFIDENTIAL)


def test_a_label_raised_a_moment_ago_counts(retriever: Retriever, store: Store) -> None:
    assert "gateway.md" in paths(retriever.retrieve("MQTT", clearance=Label.PUBLIC).passages)
    document = next(one for one in store.documents() if one.path == "gateway.md")
    store.relabel_document(document.id, Label.RESTRICTED, LabelSource.OWNER)
    assert "gateway.md" not in paths(retriever.retrieve("MQTT", clearance=Label.PUBLIC, cut=False).passages)
    assert retriever.retrieve("MQTT keep-alive").passages[0].label is Label.RESTRICTED


def test_only_the_chosen_sources_are_searched(retriever: Retriever, store: Store) -> None:
    secret = next(source.id for source in store.sources() if source.name == "secret")
    found = retriever.retrieve("gateway firmware", sources=frozenset({secret}), cut=False)
    assert {passage.source_name for passage in found.passages} == {"secret"}
    assert retriever.retrieve("gateway", sources=frozenset()).passages == ()


def test_limit_caps_kept_and_cut_together(retriever: Retriever) -> None:
    found = retriever.retrieve("gateway firmware soup canteen", limit=2)
    assert len(found.passages) + len(found.cut) == 2


def test_chinese_is_found_by_words_where_the_model_reads_none_of_it(retriever: Retriever) -> None:
    found = retriever.retrieve("保固几年？")
    assert paths(found.passages) == ["保固.md"]
    assert found.sufficient


@pytest.mark.parametrize("query", ["How do penguins sleep?", "企鵝如何睡覺？"])
def test_what_the_documents_do_not_speak_of_is_not_sufficient(retriever: Retriever, query: str) -> None:
    assert not retriever.retrieve(query).sufficient


@pytest.mark.parametrize("query", ["", "???", "{{7*7}}"])
def test_an_empty_question_finds_nothing_sufficient(retriever: Retriever, query: str) -> None:
    assert not retriever.retrieve(query).sufficient


def test_an_empty_store_is_no_error(store: Store, home: Path) -> None:
    found = make(store, home).retrieve("anything")
    assert (found.passages, found.cut, found.sufficient) == ((), (), False)


def test_one_text_in_many_files_comes_once_with_the_lowest_label(store: Store, home: Path) -> None:
    source = add_source(store)
    text = "The travel allowance is 3,500 a night in the capital and 2,800 elsewhere."
    save(store, source, "a.md", [text], Label.CONFIDENTIAL)
    save(store, source, "b.md", [text], Label.PUBLIC)
    save(store, source, "c.md", [text], Label.INTERNAL)
    save(store, source, "d.md", ["Trains are booked by the office."])
    found = make(store, home).retrieve("travel allowance a night", cut=False)
    assert paths(found.passages) == ["b.md", "d.md"]
    assert found.passages[0].label is Label.PUBLIC


def test_the_time_of_every_stage_is_told(retriever: Retriever) -> None:
    seconds = retriever.retrieve("gateway").seconds
    assert list(seconds) == ["embed", "dense", "lexical", "fuse", "read"]
    assert all(0 <= value < 5 for value in seconds.values())


def test_a_store_of_another_model_is_refused_with_the_command(retriever: Retriever, store: Store) -> None:
    store.set_meta("embedding_model", WordVectors().identity)
    assert retriever.retrieve("gateway").passages
    store.set_meta("embedding_model", "other@2/fp32/64")
    with pytest.raises(IndexStale, match=r"other@2/fp32/64.*airlock ingest /public$"):
        retriever.retrieve("gateway")


def test_damaged_text_is_named_and_not_shown(retriever: Retriever, store: Store, home: Path) -> None:
    import apsw

    connection = apsw.Connection(str(home / "store.db"))
    connection.execute("UPDATE chunks SET text = 'forged' WHERE text LIKE '%MQTT%'")
    connection.close()
    with pytest.raises(Damaged, match=r"gateway\.md") as caught:
        retriever.retrieve("MQTT keep-alive")
    assert "forged" not in str(caught.value)


def test_a_deleted_document_is_gone_from_the_next_answer(retriever: Retriever, store: Store) -> None:
    document = next(one for one in store.documents() if one.path == "gateway.md")
    store.delete_document(document.id)
    assert "gateway.md" not in paths(retriever.retrieve("MQTT keep-alive gateway", cut=False).passages)


def test_a_passage_shows_no_text_in_its_repr(retriever: Retriever) -> None:
    found = retriever.retrieve("MQTT keep-alive")
    assert "MQTT" not in repr(found)
    assert replace(found.passages[0], rank=9).rank == 9
