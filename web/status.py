"""What the page and `airlock status` say: what answers, what is indexed, what needs attention."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from rag.config import Settings
from rag.gate.client import GateClient
from rag.models.local import LocalModels
from rag.policy.labels import Rule
from rag.policy.route import Mode
from rag.records import Zone
from rag.store import Store
from rag.wording import say_both
from web.guards import Guard
from web.jobs import Progress
from web.notices import notices_about
from web.parts import Parts
from web.sample import read_questions
from web.shapes import Json

Sentence = Mapping[str, str]

CLOUD: Sentence = {
    "en": "Where the sensitivity allows it, $provider ($model) answers; the rest $otherwise.",
    "zh-TW": "機密等級允許時由 $provider（$model）回答，其餘$otherwise。",
}
LOCAL: Sentence = {
    "en": "$provider ($model) on this computer answers.",
    "zh-TW": "由本機的 $provider（$model）回答。",
}
QUOTES: Sentence = {
    "en": "No model is connected, so answers are extracts from your documents.",
    "zh-TW": "尚未連接模型，因此以文件的原文摘錄回答。",
}
LOCAL_REST: Sentence = {
    "en": "is answered by $model on this computer",
    "zh-TW": "由本機的 $model 回答",
}
QUOTES_REST: Sentence = {"en": "is answered with extracts from your documents", "zh-TW": "以原文摘錄回答"}
GATE_WHY: Mapping[str, Sentence] = {
    "no_key": {"en": "No key was found for the cloud.", "zh-TW": "找不到雲端的金鑰。"},
    "unreachable": {"en": "The cloud connection does not answer.", "zh-TW": "雲端連線沒有回應。"},
}


def read_status(parts: Parts) -> Json:
    """The page's status."""
    airlock = parts.airlock
    described = describe(airlock.settings, airlock.store, airlock.local_models, airlock.gate, parts.guards)
    return {
        **described,
        "questions": _sample_questions(airlock.store),
        "ingest": progress_shape(parts.jobs.progress()),
    }


def describe(
    settings: Settings,
    store: Store,
    local_models: LocalModels,
    gate: GateClient | None,
    guards: tuple[Guard, ...],
) -> Json:
    """What answers and why, the counts, the guards, the notices and the models."""
    cloud = describe_cloud(gate)
    return {
        "answers": describe_answers(settings, local_models, cloud),
        "mode": settings.mode.value,
        "prefer": settings.prefer.value,
        "confirm_cloud": settings.confirm_cloud,
        "guards": [guard_shape(guard) for guard in guards],
        **count_documents(store),
        "notices": notices_about(settings, store),
        "models": {
            "local": [
                {
                    "provider": model.provider,
                    "name": model.name,
                    "note": model.note,
                    "fits": model.fits_memory,
                }
                for model in local_models.available()
            ],
            "cloud": cloud,
        },
    }


def _sample_questions(store: Store) -> list[dict[str, str]]:
    """What the empty page offers: the sample's own questions, none once it was removed."""
    return next((read_questions(Path(source.root)) for source in store.sources() if source.sample), [])


def count_documents(store: Store) -> Json:
    """Documents, chunks, failures and what nobody has labelled, by source; and the sample, if it is there."""
    total = store.counts()
    by_source = [(source, store.counts(source.id)) for source in store.sources()]
    sample = next((source for source, _ in by_source if source.sample), None)
    return {
        "documents": total.documents - total.failed,
        "chunks": total.chunks,
        "failed": total.failed,
        "unlabelled": [
            {"source_id": source.id, "name": source.name, "count": counts.unlabelled}
            for source, counts in by_source
            if counts.unlabelled
        ],
        "sample": {"present": sample is not None, "source_id": sample.id if sample is not None else None},
    }


def describe_cloud(gate: GateClient | None) -> dict[str, Any] | None:
    """The cloud model as the gate reports it, None where no gate runs."""
    if gate is None:
        return None
    status = gate.status()
    return {
        "provider": status.provider,
        "model": status.model,
        "host": status.host,
        "ready": status.ready,
        "why": GATE_WHY.get(status.why) if not status.ready else None,
    }


def describe_answers(settings: Settings, local_models: LocalModels, cloud: Mapping[str, Any] | None) -> Json:
    """What would answer a public question, and the sentence that says so."""
    local = local_models.pick() if settings.mode is not Mode.CLOUD else None
    rest = _fill(LOCAL_REST, model=local.name) if local is not None else QUOTES_REST
    if cloud is not None and cloud["ready"] and _cloud_first(settings, has_local=local is not None):
        why = {
            language: Template(CLOUD[language]).safe_substitute(
                provider=cloud["provider"], model=cloud["model"], otherwise=rest[language]
            )
            for language in CLOUD
        }
        return {"kind": "cloud", "why": why}
    if local is not None:
        return {"kind": "local", "why": _fill(LOCAL, provider=local.provider, model=local.name)}
    none = local_models.why_none()
    detail = say_both(none) if none is not None and settings.mode is not Mode.CLOUD else {}
    joined = {"en": " ", "zh-TW": ""}
    why = {key: joined[key].join(filter(None, (text, detail.get(key, "")))) for key, text in QUOTES.items()}
    return {"kind": "quotes", "why": why}


def guard_shape(guard: Guard) -> Json:
    """A guard as JSON."""
    return {"name": guard.name, "in_force": guard.in_force, "text": dict(guard.text)}


def progress_shape(progress: Progress | None) -> Json | None:
    """A running or finished ingest, None before the first."""
    if progress is None:
        return None
    return {
        "running": progress.running,
        "folder": progress.folder,
        "files_done": progress.files_done,
        "files_total": progress.files_total,
        "bytes_done": progress.bytes_done,
        "bytes_total": progress.bytes_total,
        "current": progress.current,
        "rate": progress.rate,
        "seconds_left": progress.seconds_left,
        "failed": progress.failed,
        "error": progress.error,
    }


def _cloud_first(settings: Settings, *, has_local: bool) -> bool:
    """Whether a public question would go to the cloud."""
    allowed = settings.mode is not Mode.LOCAL_ONLY and settings.rules.public is Rule.CLOUD
    return allowed and (settings.prefer is Zone.CLOUD or not has_local)


def _fill(sentence: Sentence, **values: str) -> dict[str, str]:
    return {language: Template(text).safe_substitute(values) for language, text in sentence.items()}
