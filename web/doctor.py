"""What `airlock doctor` looks at: guards, versions, models, settings. Mends nothing, hides secrets."""

from __future__ import annotations

import platform
import tomllib
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from pydantic import BaseModel, SecretStr

from rag.config import Settings, config_file, known_keys
from rag.errors import AirlockError, IndexStale
from rag.retrieval.prepared import model_folder, read_report
from rag.store import Store
from web.guards import Guard
from web.notices import notices_about
from web.shapes import Json

PACKAGES = (
    *("airlock-rag", "apsw-sqlite3mc", "faiss-cpu", "tantivy", "onnxruntime", "tokenizers"),
    *("sentence-transformers", "torch", "langchain", "langchain-openai", "ollama", "openai"),
    *("fastapi", "uvicorn", "pydantic-settings", "typer"),
)
HIDDEN = "********"


def read_versions() -> dict[str, str | None]:
    """Python, the platform and the parts, read from what is installed; None where a part is missing."""
    versions: dict[str, str | None] = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return versions


def read_embedding(settings: Settings) -> Json:
    """The embedding model: whether it is prepared, how it is served, how well it agrees."""
    model = settings.retrieval.model
    try:
        prepared = read_report(model_folder(settings.home, model), model)
    except IndexStale as error:
        return {"model": model, "prepared": False, "problem": str(error)}
    return {
        "model": model,
        "prepared": True,
        "identity": prepared.identity,
        "served_by": prepared.served_by,
        "precision": prepared.precision,
        "agreement": {name: {"mean": one.mean, "least": one.least} for name, one in prepared.agreement.items()},
        "note": prepared.note,
    }


def read_receipts_key(store: Store) -> Json:
    """Where the key of the receipts' chain is kept, and whether it is the one that sealed the newest receipt."""
    place = store.receipts_key()
    return {
        "key_file": str(place.key_file),
        "head_file": str(place.head_file),
        "key_id": place.key_id,
        "fits": place.fits,
    }


def find_problems(store: Store, embedding: Mapping[str, Any]) -> list[Json]:
    """What keeps answers from coming, each with what mends it."""
    problems: list[Json] = []
    if not embedding["prepared"]:
        problems.append({"code": "model_not_prepared", "text": embedding["problem"]})
    held = store.meta("embedding_model")
    if embedding["prepared"] and held and held != embedding["identity"]:
        text = f"the store was embedded with {held}, the settings say {embedding['identity']}"
        problems.append({"code": "model_differs", "text": text})
    return problems


def look(settings: Settings, store: Store, guards: tuple[Guard, ...]) -> Json:
    """Everything but the settings."""
    embedding = read_embedding(settings)
    return {
        "versions": read_versions(),
        "config_file": _config_file(),
        "home": str(settings.home),
        "mode": settings.mode.value,
        "guards": [{"name": one.name, "in_force": one.in_force, "text": dict(one.text)} for one in guards],
        "embedding": embedding,
        "receipts": read_receipts_key(store),
        "notices": notices_about(settings, store),
        "problems": find_problems(store, embedding),
    }


def list_settings(settings: Settings) -> list[Json]:
    """Every setting with its description, its value and where that came from; secrets are hidden."""
    defaults = Settings.model_construct()
    named = _read_file()
    rows: list[Json] = []
    for key, description in known_keys().items():
        value = _pick(settings, key)
        shown = _show(value)
        if shown == _show(_pick(defaults, key)):
            origin = "default"
        elif key in named and _equal(named[key], shown, value):
            origin = "file"
        else:
            origin = "environment"
        rows.append(
            {
                "key": key,
                "variable": "AIRLOCK_" + key.replace(".", "__").upper(),
                "value": shown,
                "origin": origin,
                "description": description,
            }
        )
    return rows


def _pick(settings: Settings, key: str) -> Any:
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _show(value: Any) -> Any:
    """`value` as it may be printed."""
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_show(one) for one in value]
    plain = getattr(value, "value", value)
    return plain if isinstance(plain, (str, int, float, bool, type(None))) else str(plain)


def _equal(in_file: Any, shown: Any, value: Any) -> bool:
    secret = value.get_secret_value() if isinstance(value, SecretStr) else None
    return bool(in_file in (shown, secret) or str(in_file) == str(shown))


def _read_file() -> dict[str, Any]:
    """The configuration file's values by dotted key; none when there is no file."""
    path = config_file()
    if path is None:
        return {}
    found: dict[str, Any] = {}
    for name, value in tomllib.loads(path.read_text(encoding="utf-8")).items():
        if isinstance(value, dict):
            found |= {f"{name}.{inner}": one for inner, one in value.items()}
        else:
            found[name] = value
    return found


def _config_file() -> str | None:
    try:
        path = config_file()
    except AirlockError:
        return None
    return str(path) if path is not None else None
