"""Receiving files from the browser and having them ingested. Their content is not looked at here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, File, Form, UploadFile
from starlette.exceptions import HTTPException

from web.jobs import Job
from web.parts import Parts
from web.routes.documents import read_label
from web.shapes import Json
from web.status import progress_shape
from web.uploads import SOURCE_NAME, save_uploads, uploads_folder


def router(parts: Parts) -> APIRouter:
    """`/api/upload`."""
    routes = APIRouter(prefix="/api/upload")
    home = parts.airlock.settings.home

    @routes.post("", status_code=202)
    def upload(files: Annotated[list[UploadFile], File()], label: Annotated[str, Form()] = "") -> Json:
        wanted = read_label(label) if label else None
        try:
            names = save_uploads(home, ((one.filename or "", one.file) for one in files), wanted)
        except OSError as error:
            raise HTTPException(507, f"The files could not be stored: {error.strerror}.") from None
        parts.jobs.start(Job(uploads_folder(home), name=SOURCE_NAME))
        return {"files": names, "ingest": progress_shape(parts.jobs.progress())}

    return routes
