"""Opens an Office package safely: bounded inflation, no entities, no external targets, nothing written."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from posixpath import dirname, join, normpath
from typing import IO, Any

from rag.errors import TooLarge, Unreadable

MAX_PART_BYTES = 64 * 1024 * 1024
MAX_STREAM_BYTES = 512 * 1024 * 1024
MAX_ENTRIES = 10_000
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError, EOFError, OSError, struct.error)
_RELATIONSHIP = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


class Package:
    """The parts of one Office file, inflated one at a time and only when asked for."""

    def __init__(self, data: bytes) -> None:
        """Open the container.

        Raises:
            Unreadable: it is no zip archive, or it is cut off.
            TooLarge: it lists more than MAX_ENTRIES parts.
        """
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _ZIP_ERRORS:
            raise Unreadable("the file is damaged: its container cannot be opened") from None
        names = self._zip.namelist()
        if len(names) > MAX_ENTRIES:
            raise TooLarge(f"the file holds {len(names):,} parts; at most {MAX_ENTRIES:,} are read")
        self._names = {name.lstrip("/").replace("\\", "/").lower(): name for name in names}

    @property
    def names(self) -> list[str]:
        """The names of all parts, as the archive writes them."""
        return list(self._names.values())

    def read(self, part: str) -> bytes | None:
        """The bytes of `part`, None where there is no such part.

        Raises:
            Unreadable: the part is damaged or encrypted.
            TooLarge: it unpacks to more than MAX_PART_BYTES.
        """
        name = self._names.get(part.lower())
        if name is None:
            return None
        try:
            with self._zip.open(name) as stream:
                data = stream.read(MAX_PART_BYTES + 1)
        except _ZIP_ERRORS:
            raise Unreadable("the file is damaged: a part of it cannot be unpacked") from None
        if len(data) > MAX_PART_BYTES:
            raise TooLarge(f"a part of the file unpacks to more than {MAX_PART_BYTES // 2**20} MiB")
        return data

    def xml(self, part: str) -> Any | None:
        """The root element of `part`, None where there is no such part.

        Raises:
            Unreadable: it is not well-formed XML.
        """
        from lxml import etree

        data = self.read(part)
        if data is None:
            return None
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            return etree.fromstring(data, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise Unreadable("the file is damaged: its XML cannot be read") from None

    def related(self, part: str) -> Mapping[str, list[str]]:
        """Parts that `part` refers to inside the package, by the last word of the relationship's type."""
        targets: dict[str, list[str]] = {}
        for _, kind, path in self.links(part):
            targets.setdefault(kind, []).append(path)
        return targets

    def links(self, part: str) -> Iterator[tuple[str, str, str]]:
        """What `part` refers to inside the package: the link's id, the last word of its type, and the part."""
        root = self.xml(join(dirname(part), "_rels", part.rpartition("/")[2] + ".rels"))
        for node in root.iter(_RELATIONSHIP) if root is not None else ():
            if node.get("TargetMode") == "External":
                continue
            kind = (node.get("Type") or "").rpartition("/")[2]
            target = node.get("Target") or ""
            path = target.lstrip("/") if target.startswith("/") else normpath(join(dirname(part), target))
            yield node.get("Id") or "", kind, path

    def elements(self, part: str, *names: str, most: int = MAX_STREAM_BYTES) -> Iterator[Any]:
        """The elements of `part` with these local names as they end, read as a stream; each is emptied afterwards.

        Raises:
            Unreadable: the part is missing, damaged or not well-formed.
            TooLarge: it unpacks to more than `most` bytes.
        """
        from lxml import etree

        name = self._names.get(part.lower())
        if name is None:
            raise Unreadable("the file is damaged: a part of it is missing")
        try:
            with self._zip.open(name) as stream:
                events = etree.iterparse(
                    _Bounded(stream, most),
                    events=("end",),
                    tag=[f"{{*}}{tag}" for tag in names],
                    resolve_entities=False,
                    no_network=True,
                    load_dtd=False,
                    huge_tree=False,
                    remove_comments=True,
                    remove_pis=True,
                )
                for _, node in events:
                    yield node
                    node.clear()
                    while node.getprevious() is not None:
                        del node.getparent()[0]
        except (etree.XMLSyntaxError, *_ZIP_ERRORS):
            raise Unreadable("the file is damaged: its XML cannot be read") from None


class _Bounded:
    """A stream that refuses to give more than `most` bytes."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream = stream
        self._left = most

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises TooLarge when they pass the bound."""
        data = self._stream.read(min(size, 1 << 16) if size > 0 else 1 << 16)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge("a part of the file unpacks to more than its limit")
        return data


def local_name(node: Any) -> str:
    """The element's name without its namespace; an empty string for what is no element."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def attribute(node: Any, name: str) -> str:
    """The attribute called `name` in whatever namespace; an empty string where there is none."""
    return next((str(value) for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def core_title(package: Package) -> str:
    """The title in the document's properties; empty where there is none."""
    root = package.xml("docProps/core.xml")
    if root is None:
        return ""
    return next((node.text or "" for node in root if local_name(node) == "title"), "").strip()
