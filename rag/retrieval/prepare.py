"""Makes the embedding model ready once, in its own process: `python -m rag.retrieval.prepare [--model NAME]`.

Loads the model with sentence-transformers, exports it to ONNX, quantises it where this CPU gains by it, compares
each precision with the reference on sample texts, and keeps the fastest one that agrees; where none does,
sentence-transformers itself serves. The only part of the house that may download a model.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.config import Settings, load_settings
from rag.errors import AirlockError, ConfigError
from rag.retrieval.cache_files import sync
from rag.retrieval.embed import is_prepared
from rag.retrieval.export import Candidate, agrees, export_candidates, has_fast_int8, measure
from rag.retrieval.prepared import MODEL_FILE, TOKENIZER_FILE, Prepared, model_folder
from rag.retrieval.reference import check_model, find_model, has_gpu, load_reference
from rag.retrieval.samples import SAMPLES

Say = Callable[[str], None]


def prepare(settings: Settings, model: str | None = None, say: Say = lambda _line: None) -> Prepared:
    """Make `model` (the configured one when None) ready in the home folder, replacing what was there.

    Raises:
        ConfigError: the model is not to be had, or brings something that is not loaded.
    """
    name = model or settings.retrieval.model
    began = time.perf_counter()
    source = find_model(name)
    digest = check_model(name, source)
    folder = model_folder(settings.home, name)
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.parent.mkdir(exist_ok=True, mode=0o700)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        say(f"Loading {name} with sentence-transformers")
        reference = load_reference(source, "cpu")
        described = _describe(reference, name, source, digest, building)
        chosen = _choose(reference, described, building, say)
        chosen = replace(chosen, seconds=round(time.perf_counter() - began, 1))
        chosen.write(building)
        _swap(building, folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return chosen


def _describe(reference: Any, name: str, source: Path, digest: str, folder: Path) -> Prepared:
    """What is known before any export; writes the tokenizer into `folder`."""
    tokenizer = reference.tokenizer
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ConfigError(f"retrieval.model: {name} has no fast tokenizer, so its tokens cannot be counted")
    backend.save(str(folder / TOKENIZER_FILE))
    prompts = {key: value or "" for key, value in reference.prompts.items()}
    passage_prompts = (prompts[key] for key in ("document", "passage", "corpus") if key in prompts)
    return Prepared(
        name=name,
        reference=str(source),
        weights_sha256=digest,
        served_by="sentence-transformers",
        precision="torch",
        dim=int(reference.get_embedding_dimension()),
        max_tokens=int(reference.max_seq_length or 512),
        pad_id=int(tokenizer.pad_token_id or 0),
        pad_token=str(tokenizer.pad_token or "[PAD]"),
        query_prompt=prompts.get("query", ""),
        passage_prompt=next(passage_prompts, ""),
        model_sha256="",
        agreement={},
        seconds=0.0,
    )


def _choose(reference: Any, described: Prepared, folder: Path, say: Say) -> Prepared:
    """Export and compare; the first candidate that agrees serves, else sentence-transformers, with a note of why."""
    if has_gpu():
        return replace(described, note="a GPU is here, so sentence-transformers serves on it")
    say("Exporting to ONNX")
    try:
        candidates = export_candidates(reference, described, folder, int8=has_fast_int8())
    except Exception as error:  # whatever the exporter cannot take, the reference serves
        return replace(described, note=f"the export failed with {type(error).__name__}")
    say(f"Comparing with the reference on {len(SAMPLES)} texts")
    chosen = _compare(reference, described, candidates, folder / TOKENIZER_FILE)
    for candidate in candidates:
        if candidate.prepared.precision == chosen.precision:
            candidate.file.rename(folder / MODEL_FILE)
        else:
            candidate.file.unlink()
    return chosen


def _compare(reference: Any, described: Prepared, candidates: Sequence[Candidate], tokenizer_file: Path) -> Prepared:
    vectors = reference.encode_document(list(SAMPLES), normalize_embeddings=True, show_progress_bar=False)
    wanted = np.asarray(vectors, dtype=np.float32)
    agreement = {
        candidate.prepared.precision: measure(candidate, tokenizer_file, SAMPLES, wanted) for candidate in candidates
    }
    agreeing = (c.prepared for c in candidates if agrees(c.prepared.precision, agreement[c.prepared.precision]))
    fallback = replace(described, note="the exported model does not agree with its reference")
    return replace(next(agreeing, fallback), agreement=agreement)


def _swap(building: Path, folder: Path) -> None:
    """Put `building` in `folder`'s place. A crash between the renames leaves no model, which reads as unprepared."""
    for file in building.iterdir():
        sync(file)
    aside = building.with_name(building.name + "-old")
    if folder.exists():
        os.replace(folder, aside)
    os.replace(building, folder)
    sync(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.retrieval.prepare", description="Make the embedding model ready."
    )
    parser.add_argument("--model", help="a sentence-transformers name or folder; the configured model by default")
    parser.add_argument("--if-needed", action="store_true", help="do nothing when the configured model is ready")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if options.if_needed and is_prepared(settings):
            return 0
        prepared = prepare(settings, options.model, lambda line: print(line, file=sys.stderr))
    except AirlockError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    figures = "; ".join(f"{name} mean {a.mean:.4f}, least {a.least:.4f}" for name, a in prepared.agreement.items())
    print(f"{prepared.identity} served by {prepared.served_by} in {prepared.seconds} s. {figures or prepared.note}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
