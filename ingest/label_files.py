"""Reads the `labels.toml` files of a folder tree and says what they say about a path. Decides nothing
alone."""

from __future__ import annotations

import contextlib
import hashlib
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ingest.cage import read_file
from ingest.find import LABELS_FILE, FoundFile
from ingest.label_words import label_of_word
from rag.errors import ConfigError, IngestError
from rag.policy.labels import Label

MAX_BYTES = 1024 * 1024
Match = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class LabelFile:
    """One labels.toml: patterns in the order written, and the default for what matches none."""

    patterns: tuple[tuple[Match, Label], ...]
    default: Label | None

    def label_of(self, path: str) -> Label | None:
        """The label of `path`, relative to this file's folder: the last match wins, then the default."""
        for matches, label in reversed(self.patterns):
            if matches(path):
                return label
        return self.default


class LabelFiles:
    """All labels.toml under one root, each read once, when first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, LabelFile | ConfigError | None] = {}

    def label_of(self, path: str) -> Label | None:
        """What the nearest file that speaks says about `path`; None when none does.

        Raises:
            ConfigError: a labels.toml between the document and the root is wrong. The document must wait: the
                wrong file might have said something stricter.
        """
        parts = PurePosixPath(path).parts
        files = [self._file("/".join(parts[:depth])) for depth in range(len(parts))]
        said: Label | None = None
        for depth in reversed(range(len(parts))):
            file = files[depth]
            if file is not None and said is None:
                said = file.label_of("/".join(parts[depth:]))
        return said

    def _file(self, folder: str) -> LabelFile | None:
        if folder not in self._read:
            try:
                self._read[folder] = self._load(folder)
            except ConfigError as error:
                self._read[folder] = error
        known = self._read[folder]
        if isinstance(known, ConfigError):
            raise known
        return known

    def _load(self, folder: str) -> LabelFile | None:
        path = self._root / folder / LABELS_FILE
        name = f"{folder}/{LABELS_FILE}" if folder else LABELS_FILE
        if not path.is_symlink() and not path.exists():
            return None
        try:
            return parse_labels(read_file(path, MAX_BYTES).decode("utf-8-sig"), name)
        except IngestError as error:
            raise ConfigError(f"{name}: {error}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{name}: not UTF-8 text") from None


def digest_of(files: Sequence[FoundFile]) -> str:
    """A digest that differs whenever any labels.toml was changed, added, moved or removed."""
    digest = hashlib.sha256()
    for file in files:
        with contextlib.suppress(IngestError):
            content = read_file(file.absolute, MAX_BYTES)
            digest.update(f"{file.path}\n{hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()


def parse_labels(text: str, name: str) -> LabelFile:
    """The rules in `text`, the content of the file called `name`.

    Raises:
        ConfigError: it is no TOML, or holds an unknown key, label or pattern; names the file and the key or
        line.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: {error}") from None
    for key in values:
        if key not in ("default", "labels"):
            raise ConfigError(
                f"{name}{_line(text, key)}: '{key}' is not allowed; use `default` and the table `[labels]`"
            )
    table = values.get("labels", {})
    if not isinstance(table, dict):
        raise ConfigError(
            f'{name}{_line(text, "labels")}: `labels` must be a table: [labels] and lines of "glob" = "label"'
        )
    default = _label(values["default"], "default", name, text) if "default" in values else None
    patterns = tuple((_compile(glob, name, text), _label(word, glob, name, text)) for glob, word in table.items())
    return LabelFile(patterns, default)


def _compile(glob: str, name: str, text: str) -> Match:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if glob.startswith("!"):
        raise ConfigError(
            f"{name}{_line(text, glob)}: '{glob}' begins with `!`; give the exception its own label instead"
        )
    try:
        pattern = GitIgnoreSpecPattern(glob)
    except ValueError:
        raise ConfigError(f"{name}{_line(text, glob)}: '{glob}' is not a pattern as in .gitignore") from None
    if pattern.include is None or pattern.regex is None:
        raise ConfigError(f"{name}{_line(text, glob)}: '{glob}' matches nothing")
    expression = pattern.regex
    return lambda path: expression.match(path) is not None


def _label(word: object, key: str, name: str, text: str) -> Label:
    label = label_of_word(word) if isinstance(word, str) else None
    if label is None:
        allowed = ", ".join(label.word for label in Label)
        raise ConfigError(f"{name}{_line(text, key)}: '{key}' has no known label; use {allowed}")
    return label


def _line(text: str, key: str) -> str:
    """Where `key` stands, as `, line 3`; empty when it cannot be found."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().lstrip("[\"'").startswith(key):
            return f", line {number}"
    return ""
