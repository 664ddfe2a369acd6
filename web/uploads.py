"""Uploaded files on disk: each upload in a random folder, under names made harmless. Reads no document."""

from __future__ import annotations

import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from rag.policy.labels import Label

SOURCE_NAME = "Uploads"
LONGEST_NAME_BYTES = 200
_HARMFUL = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


def uploads_folder(home: Path) -> Path:
    """Where all uploads are kept."""
    return home / "uploads"


def save_uploads(home: Path, files: Iterable[tuple[str, BinaryIO]], label: Label | None) -> list[str]:
    """Store `files` (the name the browser gave, the content) together; returns the names they got.

    The folder's name is random, so no upload can meet or replace another. A `label` is written beside them,
    as for any folder. Either all files are stored or none.

    Raises:
        OSError: the disk is full or not writable.
    """
    root = uploads_folder(home)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = root / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    names: list[str] = []
    try:
        for given, content in files:
            name = _unused(harmless_name(given), names)
            with (folder / name).open("xb") as target:
                shutil.copyfileobj(content, target)
            names.append(name)
        if label is not None:
            (folder / "labels.toml").write_text(f'default = "{label.word}"\n', encoding="ascii")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return names


def harmless_name(given: str) -> str:
    """`given` as one file name that can neither leave its folder, hide, nor act as a setting.

    Control, format (such as right-to-left override) and separator characters go; letters of any script stay.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    kept = "".join(one for one in last if unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    kept = _HARMFUL.sub("_", kept).strip(" .~$#")
    stem, dot, suffix = kept.rpartition(".")
    if not dot:
        stem, suffix = kept, ""
    room = LONGEST_NAME_BYTES - len(suffix[:20].encode()) - 1
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .") or "file"
    name = f"{stem}.{suffix[:20]}" if suffix else stem
    return f"_{name}" if name.lower() == "labels.toml" else name


def _unused(name: str, taken: list[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    candidate, number = name, 1
    lowered = {one.lower() for one in taken}
    while candidate.lower() in lowered:
        number += 1
        candidate = f"{stem} ({number}).{suffix}" if dot else f"{name} ({number})"
    return candidate
