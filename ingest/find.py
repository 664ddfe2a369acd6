"""Walks a folder and lists the files that may be documents. Follows no link; opens no file but `.airlockignore`."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IngestError

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

LABELS_FILE = "labels.toml"
IGNORE_FILE = ".airlockignore"
_SKIPPED_FOLDERS = frozenset(("node_modules", "__pycache__", "__MACOSX", "$RECYCLE.BIN", "System Volume Information"))
_SKIPPED_FILES = frozenset((LABELS_FILE, "thumbs.db", "desktop.ini", "icon\r"))
_SKIPPED_STARTS = (".", "~$", "~wrl")
_SKIPPED_ENDS = (
    "~",
    ".tmp",
    ".temp",
    ".swp",
    ".swo",
    ".lock",
    ".lck",
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".bak",
)


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file under a root. `path` is relative to it, with `/`; bytes of a name that are no UTF-8 are
    written as `\\xNN` there, so that every path can be stored and shown."""

    path: str
    absolute: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk saw. `labels` are the labels.toml files. `blocked` are relative folders that could not be
    read: nothing may be concluded from not finding a file under them."""

    files: tuple[FoundFile, ...]
    labels: tuple[FoundFile, ...] = ()
    blocked: tuple[str, ...] = ()

    def hides(self, path: str) -> bool:
        """Whether `path` lies in a folder that could not be read."""
        return any(not folder or path == folder or path.startswith(folder + "/") for folder in self.blocked)


@dataclass(frozen=True, slots=True)
class _Ignore:
    """The patterns of one `.airlockignore` and the folder that they are relative to."""

    folder: Path
    patterns: GitIgnoreSpec


def _read_ignore(folder: Path) -> _Ignore:
    """The folder's ignore file, in gitignore syntax.

    Raises:
        IngestError: it cannot be read, so what it keeps out cannot be known.
    """
    from pathspec import GitIgnoreSpec

    path = folder / IGNORE_FILE
    try:
        return _Ignore(folder, GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8").splitlines()))
    except (OSError, ValueError) as error:
        raise IngestError(f"{path}: cannot be read as UTF-8 gitignore patterns; nothing was changed") from error


def _is_ignored(path: Path, ignores: tuple[_Ignore, ...], *, folder: bool) -> bool:
    """Whether the nearest ignore file that speaks of `path` keeps it out."""
    for ignore in reversed(ignores):
        name = relative_name(ignore.folder, path) + ("/" if folder else "")
        include = ignore.patterns.check_file(name).include
        if include is not None:
            return include
    return False


def find_files(root: Path, *, exclude: Path | None = None) -> Found:
    """Every candidate under `root`, sorted by path, `exclude` (the home folder of the store) left out.

    Raises:
        IngestError: `root` is no folder, or it or an ignore file cannot be read.
    """
    if not root.is_dir():
        raise IngestError(f"{root}: there is no such folder; nothing was changed")
    files: list[FoundFile] = []
    labels: list[FoundFile] = []
    blocked: list[str] = []
    folders: list[tuple[Path, tuple[_Ignore, ...]]] = [(root, ())]
    while folders:
        folder, ignores = folders.pop()
        try:
            with os.scandir(folder) as entries:
                listed = list(entries)
        except OSError as error:
            if folder == root:
                raise IngestError(
                    f"{root}: the folder cannot be read ({error.strerror}); nothing was changed"
                ) from None
            blocked.append(relative_name(root, folder))
            continue
        if any(entry.name == IGNORE_FILE for entry in listed):
            ignores = (*ignores, _read_ignore(folder))
        for entry in listed:
            if entry.is_symlink():
                continue
            path = Path(entry.path)
            if _is_ignored(path, ignores, folder=entry.is_dir()):
                continue
            if entry.is_dir():
                if not _is_skipped_folder(entry.name) and path != exclude:
                    folders.append((path, ignores))
            elif (found := look_at(root, path)) is not None:
                if entry.name == LABELS_FILE:
                    labels.append(found)
                elif not is_skipped_file(entry.name):
                    files.append(found)
    return Found(_sorted(files), _sorted(labels), tuple(blocked))


def _sorted(files: list[FoundFile]) -> tuple[FoundFile, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def look_at(root: Path, path: Path) -> FoundFile | None:
    """The file at `path`, None when it has gone meanwhile or is a device, pipe or socket."""
    try:
        info = path.stat(follow_symlinks=False)
    except OSError:
        return None
    if not stat.S_ISREG(info.st_mode):
        return None
    return FoundFile(relative_name(root, path), path, info.st_size, info.st_mtime_ns)


def relative_name(root: Path, path: Path) -> str:
    """`path` relative to `root`, with `/`, always valid Unicode."""
    return os.fsencode(path.relative_to(root).as_posix()).decode("utf-8", "backslashreplace")


def is_skipped_file(name: str) -> bool:
    """Whether a file of this name is never a document: hidden, temporary, locked, or ours."""
    lower = name.lower()
    return lower in _SKIPPED_FILES or lower.startswith(_SKIPPED_STARTS) or lower.endswith(_SKIPPED_ENDS)


def _is_skipped_folder(name: str) -> bool:
    return name.startswith(".") or name in _SKIPPED_FOLDERS
