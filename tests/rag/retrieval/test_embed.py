"""Serving the bundled model."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.errors import IndexStale
from rag.retrieval.embed import Embedder, by_length, open_embedder, unit
from rag.retrieval.samples import SAMPLES


def test_vectors_have_length_1_and_the_order_of_the_texts(bundled: Embedder) -> None:
    vectors = bundled.embed_passages(SAMPLES)
    assert vectors.shape == (len(SAMPLES), bundled.dim) == (40, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(SAMPLES)), abs=1e-5)
    alone = np.array([bundled.embed_query(text) for text in SAMPLES])
    # int8 shares one scale among a batch, so that a text's vector moves a little with its neighbours.
    assert np.einsum("nd,nd->n", vectors, alone).min() > 0.95


def test_texts_of_one_meaning_are_nearer_than_others(bundled: Embedder) -> None:
    one, same, other = bundled.embed_passages(
        ["How long is the guarantee?", "The warranty lasts three years.", "Soup is served on Mondays."]
    )
    assert one @ same > 0.4 > 0.2 > one @ other


def test_no_text_gives_no_vector_and_an_empty_text_gives_one(bundled: Embedder) -> None:
    assert bundled.embed_passages([]).shape == (0, 384)
    assert np.isfinite(bundled.embed_passages([""])).all()


def test_a_long_text_is_cut_for_its_vector_but_counted_whole(bundled: Embedder) -> None:
    text = "the " * 2000
    assert bundled.count_tokens(text) == 2000
    assert bundled.embed_query(text) @ bundled.embed_query("the " * 254) > 0.99


def test_tokens_are_counted_without_the_special_ones(bundled: Embedder) -> None:
    assert bundled.count_tokens("hello world") == 2
    assert bundled.count_tokens("") == 0


def test_chinese_is_mostly_unknown_to_the_bundled_model(bundled: Embedder) -> None:
    assert bundled.unknown_share(["The warranty lasts three years."]) == 0.0
    assert bundled.unknown_share(["遠距工作每週最多幾天？要什麼時候申請？"]) > 0.5
    assert bundled.unknown_share([]) == 0.0


def test_the_identity_names_model_and_weights(bundled: Embedder) -> None:
    assert bundled.identity.startswith("all-MiniLM-L6-v2@53aa51172d14/")
    assert bundled.identity.endswith("/384")


def test_batches_hold_texts_of_like_length_longest_first() -> None:
    texts = ["a", "aaaa", "aa", "aaaaa", "aaa"]
    assert list(by_length(texts, 2)) == [[3, 1], [4, 2], [0]]
    assert list(by_length([], 2)) == []


def test_a_zero_vector_stays_zero() -> None:
    assert unit(np.zeros((1, 3), dtype=np.float32)).tolist() == [[0.0, 0.0, 0.0]]


def test_a_model_that_is_not_prepared_is_refused_with_the_command(tmp_path: Path) -> None:
    with pytest.raises(IndexStale, match=r"python -m rag\.retrieval\.prepare$"):
        open_embedder(Settings(home=tmp_path))


def test_a_damaged_model_file_is_refused_with_the_command(bundled_home: Path, tmp_path: Path) -> None:
    shutil.copytree(bundled_home / "models", tmp_path / "models")
    file = tmp_path / "models" / "all-MiniLM-L6-v2" / "model.onnx"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(IndexStale, match=r"model\.onnx is damaged; run: python -m rag\.retrieval\.prepare"):
        open_embedder(Settings(home=tmp_path))
