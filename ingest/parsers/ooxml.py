"""Opens an Office package safely: bounded inflation, no entities, no external targets, nothing written."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from posixpath import dirname, join, normpath
from typing import Any

from rag.errors import TooLarge, Unreadable

MAX_PART_BYTES = 64 * 1024 * 1024
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
        root = self.xml(join(dirname(part), "_rels", part.rpartition("/")[2] + ".rels"))
        targets: dict[str, list[str]] = {}
        for node in root.iter(_RELATIONSHIP) if root is not None else ():
            if node.get("TargetMode") == "External":
                continue
            kind = (node.get("Type") or "").rpartition("/")[2]
            target = node.get("Target") or ""
            path = target.lstrip("/") if target.startswith("/") else normpath(join(dirname(part), target))
            targets.setdefault(kind, []).append(path)
        return targets
