"""Tells what a zip archive or an OLE file is by the names of its parts. Unpacks nothing."""

from __future__ import annotations

import io
import struct
import zipfile

_OFFICE = (("word/", "Word"), ("xl/workbook.bin", "Excel binary"), ("xl/", "Excel"), ("ppt/", "PowerPoint"),
           ("visio/", "Visio"))  # fmt: skip
_OLE_STREAMS = (("WordDocument", ".doc"), ("PowerPoint Document", ".ppt"), ("Workbook", ".xls"), ("Book", ".xls"),
                ("__properties_version1.0", ".msg"))  # fmt: skip


def zip_kind(data: bytes) -> str:
    """What kind of package a zip archive is; empty where its directory is cut off."""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, EOFError, NotImplementedError, struct.error):
        return ""
    names = [name.lstrip("/").replace("\\", "/").lower() for name in names]
    if any(name.startswith("[content_types]") for name in names):
        for mark, what in _OFFICE:
            if any(name.startswith(mark) for name in names):
                return what
    if "meta-inf/container.xml" in names:
        return "EPUB"
    return "OpenDocument" if "content.xml" in names and "mimetype" in names else "zip archive"


def ole_kind(data: bytes) -> str:
    """The usual suffix of an OLE file, by the streams in its root; empty where none is known."""
    for stream, suffix in _OLE_STREAMS:
        if stream.encode("utf-16-le") in data:
            return suffix
    return ""
