"""Exports a sentence-transformers model to ONNX, quantises it, and says how well each precision agrees with it.

Works inside the folder it is given; decides nothing about where models live and embeds no document.
"""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.retrieval.embed import OnnxEmbedder, Vectors
from rag.retrieval.prepared import Agreement, Prepared
from rag.retrieval.runtime import load_quantization, silence_onnxruntime

REQUIRED = {"fp32": Agreement(mean=0.9999, least=0.999), "int8": Agreement(mean=0.985, least=0.95)}
"""The least cosines to the reference at which a precision may serve. The bundled model's own figures are in
docs/decisions/0003-fusion-and-cut.md."""

_INT8_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "asimddp", "amx_int8"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """One precision of an exported model: its file, and what its report would say."""

    file: Path
    prepared: Prepared


def has_fast_int8(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this CPU has 8-bit dot products (VNNI or its likes); without them int8 gains little over fp32."""
    try:
        lines = cpuinfo.read_text("utf-8").splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.lower().startswith(("flags", "features"))), "")
    return not _INT8_FLAGS.isdisjoint(flags.partition(":")[2].split())


def export_candidates(reference: Any, prepared: Prepared, folder: Path, *, int8: bool) -> list[Candidate]:
    """Export `reference` into `folder` as fp32, and as int8 when asked; the fastest first.

    Raises:
        Exception: whatever the exporter raises; a model it cannot take is served by its reference.
    """
    exact = folder / "fp32.onnx"
    export(reference, exact)
    candidates = [_candidate(prepared, "fp32", exact)]
    if int8:
        small = folder / "int8.onnx"
        quantise(exact, small)
        candidates.insert(0, _candidate(prepared, "int8", small))
    return candidates


def export(reference: Any, file: Path) -> None:
    """Write the whole of `reference`, tokens to sentence vector, as one ONNX file with weights inside."""
    silence_onnxruntime()  # torch's exporter may import it
    import torch

    class Whole(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.inner = reference

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if token_type_ids is not None:
                features["token_type_ids"] = token_type_ids
            return self.inner(features)["sentence_embedding"]

    example = reference.tokenizer(["a first text", "and another, longer one"], padding=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in example]
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            Whole().eval(),
            tuple(example[name] for name in names),
            str(file),
            input_names=names,
            # An output named `embedding` makes a graph that does not load (onnxruntime 1.32).
            output_names=["sentence_embedding"],
            dynamic_shapes=tuple({0: batch, 1: length} for _ in names),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def quantise(exact: Path, small: Path) -> None:
    """Write `exact` with 8-bit weights, one scale for each channel, to `small`."""
    quantization = load_quantization()
    with _quiet():
        quantization.quantize_dynamic(
            str(exact), str(small), per_channel=True, weight_type=quantization.QuantType.QInt8
        )


def measure(candidate: Candidate, tokenizer_file: Path, texts: tuple[str, ...], wanted: Vectors) -> Agreement:
    """How close serving `candidate` comes to the reference's vectors `wanted` of `texts`."""
    embedder = OnnxEmbedder(candidate.file, tokenizer_file, candidate.prepared)
    return compare(embedder.embed_passages(texts), wanted)


def compare(vectors: Vectors, reference: Vectors) -> Agreement:
    """The mean and the least cosine between rows of two arrays of unit vectors, both of shape (N, dim)."""
    cosines = np.einsum("nd,nd->n", vectors.astype(np.float64), reference.astype(np.float64))
    return Agreement(mean=round(float(cosines.mean()), 6), least=round(float(cosines.min()), 6))


def agrees(precision: str, agreement: Agreement) -> bool:
    """Whether vectors this close to the reference's may be served at `precision`."""
    required = REQUIRED[precision]
    return agreement.mean >= required.mean and agreement.least >= required.least


def _candidate(prepared: Prepared, precision: str, file: Path) -> Candidate:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Candidate(file, replace(prepared, served_by="onnxruntime", precision=precision, model_sha256=digest))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the exporter: what it says is about its own code, not about the model."""
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
