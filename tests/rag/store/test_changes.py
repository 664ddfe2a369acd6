"""The change log: a cache that follows it always ends with what the store has."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.records import SourceId
from rag.store import Store
from rag.store.access import FILE_NAME
from tests.fakes.drafts import chunk_ids_of, make_document

_HOMES = itertools.count()


def test_a_store_without_chunks_stands_at_zero(store: Store) -> None:
    assert store.generation() == 0
    changes = store.changes_since(0)
    assert (changes.added, changes.removed, changes.complete, changes.generation) == ((), (), True, 0)


def test_the_generation_rises_with_every_change_of_chunks_and_with_nothing_else(
    store: Store, source_id: SourceId
) -> None:
    seen = [store.generation()]
    document_id = store.save_document(make_document(source_id))
    seen.append(store.generation())
    store.save_document(make_document(source_id, texts=("other",)))
    seen.append(store.generation())
    store.move_document(document_id, source_id=source_id, path="b.md", mtime_ns=2)
    seen.append(store.generation())
    store.delete_document(document_id)
    seen.append(store.generation())
    assert seen == sorted(set(seen))
    store.create_chat()
    store.set_meta("a", "1")
    store.set_source_local_only(source_id, True)
    assert store.generation() == seen[-1]


def test_removing_a_whole_source_is_logged_chunk_by_chunk(store: Store, source_id: SourceId) -> None:
    ids = tuple(chunk_ids_of(store, store.save_document(make_document(source_id))))
    generation = store.generation()
    store.remove_source(source_id)
    assert store.changes_since(generation).removed == ids


def test_a_chunk_that_came_and_went_in_between_is_not_mentioned(store: Store, source_id: SourceId) -> None:
    generation = store.generation()
    store.delete_document(store.save_document(make_document(source_id)))
    changes = store.changes_since(generation)
    assert (changes.added, changes.removed, changes.complete) == ((), (), True)


def test_a_cache_too_far_behind_or_of_another_store_must_rebuild(home: Path, store: Store, source_id: SourceId) -> None:
    short = Store(home / FILE_NAME, read_only=False, kept_changes=4)
    for number in range(3):
        short.save_document(make_document(source_id, f"{number}.md"))
    assert store.generation() == 6
    assert [store.changes_since(generation).complete for generation in range(9)] == [
        False, False, True, True, True, True, True, False, False,
    ]  # fmt: skip
    assert store.changes_since(2).added == (3, 4, 5, 6)
    short.close()


def test_the_generation_outlives_a_log_trimmed_to_nothing(home: Path, store: Store, source_id: SourceId) -> None:
    with Store.open(home) as other:
        other._kept_changes = 0
        other.save_document(make_document(source_id))
    assert store.generation() == 2
    assert store.changes_since(2).complete
    assert not store.changes_since(1).complete


steps = st.lists(
    st.tuples(st.sampled_from(["save", "delete", "move", "follow"]), st.integers(0, 3), st.integers(0, 3)),
    max_size=25,
)


@given(steps=steps, kept=st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_a_cache_that_follows_holds_what_the_store_holds(
    tmp_path_factory, steps: list[tuple[str, int, int]], kept: int
) -> None:
    home = tmp_path_factory.mktemp(f"home{next(_HOMES)}")
    with Store.open(home) as store:
        store._kept_changes = kept
        source_id = store.add_source("a", "/a").id
        cache: dict[int, str] = {}
        stands_at = 0
        for verb, one, other in [*steps, ("follow", 0, 0)]:
            found = store.find_document(source_id, f"{one}.md")
            if verb == "save":
                store.save_document(make_document(source_id, f"{one}.md", [f"{one}"] * (other + 1)))
            elif verb == "delete" and found:
                store.delete_document(found.id)
            elif verb == "move" and found:
                store.move_document(found.id, source_id=source_id, path=f"{other}.md", mtime_ns=1)
            elif verb == "follow":
                changes = store.changes_since(stands_at)
                if not changes.complete:
                    cache = {chunk.chunk_id: chunk.path for chunk in store.chunk_texts(0, 10_000)}
                else:
                    assert set(changes.removed) <= cache.keys()
                    for chunk_id in changes.removed:
                        del cache[chunk_id]
                    assert not set(changes.added) & cache.keys()
                    cache |= {chunk.chunk_id: chunk.path for chunk in store.chunk_texts_of(changes.added)}
                stands_at = changes.generation
                assert cache == {chunk.chunk_id: chunk.path for chunk in store.chunk_texts(0, 10_000)}
