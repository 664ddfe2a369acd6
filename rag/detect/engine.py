"""Runs the recognisers in Presidio's analyzer. Imports Presidio and spaCy: import it in `without_heavy()` only.

None of Presidio's own recognisers is loaded: they know no Taiwan, judge by words of English context, take ten digits
for an American phone number, fetch a list of domains (e-mail) and log the text they cannot parse (IBAN).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

import spacy
from presidio_analyzer import AnalyzerEngine, LocalRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NoOpNlpEngine

from rag.detect.recognizers import (
    address,
    bank,
    birth_date,
    card,
    email,
    health,
    national_id,
    network,
    passport,
    phone,
    secret,
    taiwan_company,
    taiwan_id,
)
from rag.policy.spans import Kind, Span

Find = Callable[[str], Iterator[Span]]
RECOGNIZERS: tuple[ModuleType, ...] = (
    *(address, bank, birth_date, card, email, health, national_id),
    *(network, passport, phone, secret, taiwan_company, taiwan_id),
)
PATTERNS = "patterns"
"""The language Presidio is told where only patterns are looked for: they are the same in every language."""
_CHECKSUMMED = "airlock_checksummed"
_NAME_SCORE = 0.85
_LONGEST_PIECE = 50_000


class PatternRecognizer(LocalRecognizer):  # type: ignore[misc]  # Presidio has no types
    """One recogniser of `rag/detect/recognizers` in Presidio's clothes."""

    def __init__(self, name: str, find: Find) -> None:
        self._find = find
        super().__init__(supported_entities=[kind.value for kind in Kind], supported_language=PATTERNS, name=name)

    def load(self) -> None:
        """Nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ARG002
        """What it finds, as Presidio's results."""
        return [self._result(span) for span in self._find(text)]

    def _result(self, span: Span) -> Any:
        noted = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            _CHECKSUMMED: span.checksummed,
        }
        return RecognizerResult(span.kind.value, span.start, span.end, span.score, recognition_metadata=noted)


class NameRecognizer(LocalRecognizer):  # type: ignore[misc]  # Presidio has no types
    """Persons' names by a spaCy pipeline, in pieces that spaCy can hold in memory."""

    def __init__(self, language: str, pipeline: Any) -> None:
        self._pipeline = pipeline
        super().__init__(supported_entities=[Kind.PERSON.value], supported_language=language, name=f"names-{language}")

    def load(self) -> None:
        """The pipeline is loaded already."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:  # noqa: ARG002
        """The names, as Presidio's results."""
        noted = {
            RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
            RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
        }
        return [
            RecognizerResult(
                Kind.PERSON.value, start + entity.start_char, start + entity.end_char, _NAME_SCORE, None, noted
            )
            for start, piece in cut_at_lines(text)
            for entity in self._pipeline(piece).ents
            if entity.label_ in ("PERSON", "PER") and entity.text.strip()
        ]


class _NoEnhancer(ContextAwareEnhancer):  # type: ignore[misc]  # Presidio has no types
    """Leaves scores alone: the recognisers read their context themselves, in both languages."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(
        self,
        text: str,  # noqa: ARG002
        raw_results: list[Any],
        nlp_artifacts: Any,  # noqa: ARG002
        recognizers: list[Any],  # noqa: ARG002
        context: list[str] | None = None,  # noqa: ARG002
    ) -> list[Any]:
        """`raw_results` as they are."""
        return raw_results


class Engine:
    """Presidio's analyzer with Airlock's recognisers, and the name models of `models` by language."""

    def __init__(self, models: Mapping[str, str]) -> None:
        languages = [PATTERNS, *models]
        registry = RecognizerRegistry(supported_languages=languages, recognizers=[])
        for module in RECOGNIZERS:
            registry.add_recognizer(PatternRecognizer(module.__name__.rpartition(".")[2], module.find))
        for language, model in models.items():
            registry.add_recognizer(NameRecognizer(language, spacy.load(model)))
        self._analyzer = AnalyzerEngine(
            registry=registry,
            nlp_engine=NoOpNlpEngine(models=[{"lang_code": one, "model_name": ""} for one in languages]),
            supported_languages=languages,
            context_aware_enhancer=_NoEnhancer(),
        )

    def find(self, text: str, language: str, threshold: float) -> list[Span]:
        """What the recognisers of `language` find in folded text, from `threshold` up."""
        return [
            Span(
                one.start,
                one.end,
                Kind(one.entity_type),
                one.score,
                bool((one.recognition_metadata or {}).get(_CHECKSUMMED)),
            )
            for one in self._analyzer.analyze(text, language=language, score_threshold=threshold)
        ]


def cut_at_lines(text: str, longest: int = _LONGEST_PIECE) -> Iterator[tuple[int, str]]:
    """`text` in pieces of at most `longest` characters with their offsets, cut at line ends where there are any."""
    start = 0
    while start < len(text):
        end = start + longest
        if end < len(text):
            end = text.rfind("\n", start, end) + 1 or end
        yield start, text[start:end]
        start = end
