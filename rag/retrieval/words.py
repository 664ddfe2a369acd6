"""How chunks become tantivy documents and questions become tantivy queries; follows no store."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rag.retrieval.text import terms

if TYPE_CHECKING:
    from rag.records import ChunkId
    from rag.store import ChunkForIndex

TOKENIZER = "terms"
MOST_TERMS = 128
"""Terms of one query that are searched for: of a long pasted text, the rarest that any chunk holds."""

BOOSTS = {"words": 1.0, "pairs": 1.0, "singles": 0.1, "title": 0.5, "path": 0.2}
"""What a hit in each field weighs; `title` holds headings too. Measured: docs/decisions/0003-fusion-and-cut.md."""

GRAMMAR_CHARACTERS = frozenset("的是在有和与及或为了于之这那个哪什么甚谁何几多少吗呢吧请问要可以能会应该如何怎样")
"""Characters of Chinese grammar and question words, in the folded (Simplified) form."""

GRAMMAR_WEIGHT = 0.5
MIXED_WEIGHT = 2.0
FORMS_WEIGHT = 1.5
"""See `weigh_terms`."""

_FIELDS_OF_KIND = {"words": ("words", "title", "path"), "pairs": ("pairs", "title", "path"), "singles": ("singles",)}


@dataclass(frozen=True, slots=True)
class Term:
    """A term, and its kind: `words`, `pairs` or `singles`, which is also the field of the body it is in."""

    kind: str
    text: str


def create_index(folder: Path | None) -> Any:
    """A new, empty index in `folder`, or in memory."""
    import tantivy

    index = tantivy.Index(_schema(), path=str(folder) if folder else None)
    index.register_tokenizer(TOKENIZER, _analyzer())
    return index


def open_index(folder: Path) -> Any:
    """The index in `folder`.

    Raises:
        ValueError, OSError: there is none that can be opened.
    """
    import tantivy

    index = tantivy.Index.open(str(folder))
    index.register_tokenizer(TOKENIZER, _analyzer())
    return index


def apply(index: Any, removed: Iterable[ChunkId], added: Iterable[ChunkForIndex], heap_bytes: int) -> None:
    """Remove and add chunks in one commit, and let searchers see it. Adding a chunk that is there replaces it."""
    writer = index.writer(heap_size=heap_bytes, num_threads=1)
    fresh = index.searcher().num_docs == 0
    for chunk_id in removed:
        writer.delete_documents_by_term("chunk", int(chunk_id))
    for chunk in added:
        if not fresh:
            writer.delete_documents_by_term("chunk", int(chunk.chunk_id))
        writer.add_document(_document(chunk))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()


def build_query(searcher: Any, text: str, allowed: npt.NDArray[np.int64] | None) -> Any:
    """The query that scores chunks by the terms of `text`, over all fields; only `allowed` chunks when given."""
    import tantivy

    schema = _schema()
    parts = []
    for term, weight in _rarest(searcher, weigh_terms(text)):
        for field in _FIELDS_OF_KIND[term.kind]:
            one = tantivy.Query.term_query(schema, field, term.text, index_option="freq")
            parts.append((tantivy.Occur.Should, tantivy.Query.boost_query(one, BOOSTS[field] * weight)))
    if not parts:
        return tantivy.Query.empty_query()
    query = tantivy.Query.boolean_query(parts)
    if allowed is None:
        return query
    inside = tantivy.Query.const_score_query(tantivy.Query.term_set_query(schema, "chunk", allowed.tolist()), 0.0)
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, inside)])


def weigh_terms(text: str) -> dict[Term, float]:
    """The distinct terms of a question, and what each counts before its rarity.

    The forms of one identifier share the weight of a word and a half: QH-200 is one thing, however many ways it can be
    spelled. A Latin word in a Chinese question is a name or an identifier and counts for more; a pair with a character
    of grammar in it, such as a question word's, for less. English needs no list of such words: they are terms of
    their own, and so common that they weigh next to nothing.
    """
    cut = terms(text)
    emphasis = MIXED_WEIGHT if cut.singles else 1.0
    weights: dict[Term, float] = {}
    for forms in cut.spellings:
        share = emphasis * (FORMS_WEIGHT / len(forms) if len(forms) > 1 else 1.0)
        for form in _analyzer().analyze(" ".join(forms)):
            weights[Term("words", form)] = max(share, weights.get(Term("words", form), 0.0))
    for pair in cut.pairs:
        weights[Term("pairs", pair)] = 1.0 if GRAMMAR_CHARACTERS.isdisjoint(pair) else GRAMMAR_WEIGHT
    return weights | {Term("singles", single): 1.0 for single in cut.singles}


def held_terms(text: str) -> set[Term]:
    """The words and pairs of a chunk's text, as the index holds them."""
    cut = terms(text)
    found = {Term("words", word) for word in _analyzer().analyze(" ".join(cut.words))}
    return found | {Term("pairs", pair) for pair in cut.pairs} | {Term("singles", single) for single in cut.singles}


def coverage(searcher: Any, query: str, texts: Sequence[str]) -> list[float]:
    """For each of `texts` the share of the query's telling terms that it holds, weighted by how rare each is.

    Telling are words, and pairs without grammar. Single ideographs are in nearly every Chinese text. Where nothing
    telling is left, every term counts.
    """
    found = weigh_terms(query)
    telling = {term: weight for term, weight in found.items() if _is_telling(term)}
    weights = {term: weight * rarity(searcher, term) for term, weight in (telling or found).items()}
    total = sum(weights.values())
    if not total:
        return [0.0] * len(texts)
    return [sum(weights[term] for term in weights.keys() & held_terms(text)) / total for text in texts]


def _is_telling(term: Term) -> bool:
    return term.kind == "words" or (term.kind == "pairs" and GRAMMAR_CHARACTERS.isdisjoint(term.text))


def rarity(searcher: Any, term: Term) -> float:
    """BM25's inverse document frequency: ln(1 + (N - n + 0.5) / (n + 0.5))."""
    holding = searcher.doc_freq(term.kind, term.text)
    return math.log(1 + (max(searcher.num_docs - holding, 0) + 0.5) / (holding + 0.5))


def _rarest(searcher: Any, found: dict[Term, float]) -> list[tuple[Term, float]]:
    if len(found) <= MOST_TERMS:
        return list(found.items())
    known = [one for one in found.items() if searcher.doc_freq(one[0].kind, one[0].text)]
    return sorted(known, key=lambda one: -rarity(searcher, one[0]))[:MOST_TERMS]


def _document(chunk: ChunkForIndex) -> Any:
    import tantivy

    body = terms(chunk.text)
    title = terms("\n".join((chunk.title, *chunk.heading)))
    path = terms(chunk.path)
    document = tantivy.Document()
    document.add_integer("chunk", int(chunk.chunk_id))
    document.add_text("words", " ".join(body.words))
    document.add_text("pairs", " ".join(body.pairs))
    document.add_text("singles", " ".join(body.singles))
    document.add_text("title", " ".join((*title.words, *title.pairs)))
    document.add_text("path", " ".join((*path.words, *path.pairs)))
    return document


@cache
def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    # Signed: deleting by a term of an unsigned field silently deletes nothing (tantivy 0.27).
    builder.add_integer_field("chunk", indexed=True, fast=True)
    for field in BOOSTS:
        builder.add_text_field(field, tokenizer_name=TOKENIZER, index_option="freq")
    return builder.build()


@cache
def _analyzer() -> Any:
    """tantivy folds accents and English inflections of the terms that `text.terms` has cut."""
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    return builder.filter(tantivy.Filter.ascii_fold()).filter(tantivy.Filter.stemmer("english")).build()
