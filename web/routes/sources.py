"""Sources: folders added, labelled, kept local, ingested again, removed. Ingest runs in a child process."""

from __future__ import annotations

import shutil
from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from rag.policy.labels import LabelSource
from rag.records import SourceId
from web.jobs import Job
from web.parts import Parts
from web.routes.documents import read_label
from web.shapes import Json, source_shape
from web.status import progress_shape
from web.uploads import uploads_folder


class NewSource(BaseModel):
    """A folder of this machine. `label` None leaves it unlabelled, which counts as confidential."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    path: str = Field(min_length=1, max_length=4096)
    label: str | None = Field(None, max_length=40)


class SourceLabel(BaseModel):
    """How sensitive a whole source is."""

    model_config = ConfigDict(extra="forbid")
    label: str = Field(max_length=40)


class Switch(BaseModel):
    """A source's Local-only switch."""

    model_config = ConfigDict(extra="forbid")
    on: bool


def router(parts: Parts) -> APIRouter:
    """`/api/sources`."""
    routes = APIRouter(prefix="/api/sources")
    store = parts.airlock.store
    home = parts.airlock.settings.home

    @routes.get("")
    def list_sources() -> list[Json]:
        return [source_shape(source, store.counts(source.id)) for source in store.sources()]

    @routes.post("", status_code=202)
    def add_source(body: NewSource) -> Json:
        label = read_label(body.label) if body.label is not None else None
        parts.jobs.start(Job(find_folder(body.path, home), label))
        return {"ingest": progress_shape(parts.jobs.progress())}

    @routes.post("/{source_id}/ingest", status_code=202)
    def ingest_again(source_id: int) -> Json:
        source = store.source(SourceId(source_id))
        parts.jobs.start(Job(Path(source.root), name=source.name, sample=source.sample))
        return {"ingest": progress_shape(parts.jobs.progress())}

    @routes.post("/{source_id}/label")
    def label_source(source_id: int, body: SourceLabel) -> Json:
        source = store.source(SourceId(source_id))
        changed = store.set_source_label(source.id, read_label(body.label), LabelSource.PAGE)
        return {
            "changed": changed,
            "source": source_shape(store.source(source.id), store.counts(source.id)),
        }

    @routes.post("/{source_id}/local-only")
    def switch_local_only(source_id: int, body: Switch) -> Json:
        source = store.source(SourceId(source_id))
        store.set_source_local_only(source.id, body.on)
        return source_shape(store.source(source.id), store.counts(source.id))

    @routes.delete("/{source_id}")
    def remove_source(source_id: int) -> Json:
        source = store.source(SourceId(source_id))
        removed = store.remove_source(source.id)
        if Path(source.root) == uploads_folder(home):
            shutil.rmtree(source.root, ignore_errors=True)
        return {"removed": removed}

    return routes


def find_folder(path: str, home: Path) -> Path:
    """The folder or file at `path` on this machine; answers 422 with what is wrong with it."""
    folder = Path(path).expanduser()
    if "\0" in path or not folder.is_absolute():
        raise HTTPException(422, "path: give the whole path of a folder, beginning with / or ~")
    folder = folder.resolve()
    if not folder.exists():
        raise HTTPException(422, "path: there is no such folder on this computer")
    if home == folder or home in folder.parents:
        raise HTTPException(422, "path: this folder holds Airlock's own data; choose another")
    return folder
