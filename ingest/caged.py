"""The caged child: reads documents' bytes from its input, answers with JSON, and can open nothing by
itself."""

from __future__ import annotations

import codecs
import contextlib
import importlib
import json
import os
import sys
from typing import Any, BinaryIO

from ingest import confine
from ingest.parsers import parse_bytes
from ingest.wire import HEADER, encode_document, encode_error, encode_frame
from rag.errors import IngestError, ParserKilled, Unreadable

# Once confined nothing can be imported any more, so all that a parser may ever want is imported before.
PRELOADED = (
    "charset_normalizer", "charset_normalizer.cd", "charset_normalizer.md", "email.generator", "heapq",
    "lxml.etree", "markdown_it", "oxmsg",
    "pypdfium2", "pypdfium2.raw", "python_calamine", "selectolax.lexbor", "striprtf.striprtf", "traceback",
    "linecache", "unicodedata",
)  # fmt: skip
ENCODINGS = (
    "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "big5", "big5hkscs",
    "cp950", "gb2312", "gbk", "gb18030", "hz", "cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213",
    "euc_jp",
    "euc_jis_2004", "euc_jisx0213", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004",
    "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr", "cp949", "euc_kr", "johab", "latin_1", "ascii", "tis_620",
    "raw_unicode_escape", "unicode_escape", "utf_7", "idna", "punycode", "base64", "quopri", "uu",
    "cp037", *(f"cp{page}" for page in (
        273, 424, 437, 500, 720, 737, 775, 850, 852, 855, 856, 857, 858, 860, 861, 862, 863, 864, 865, 866,
        869,
        874, 875, 1006, 1026, 1125, 1140, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258,
    )),
    *(f"iso8859_{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
    "koi8_r", "koi8_t", "koi8_u", "kz1048", "mac_cyrillic", "mac_greek", "mac_iceland", "mac_latin2",
    "mac_roman",
    "mac_turkish", "ptcp154", "hp_roman8",
)  # fmt: skip


def main(memory_bytes: int) -> None:
    """Confine this process, say which guards hold, then answer one document after another until input
    ends."""
    networkless = confine.enter_namespaces()
    source, answers = _take_pipes()
    _preload()
    unprivileged = confine.drop_privileges()
    bounded, openless = confine.limit_resources(memory_bytes)
    guards = {"network": networkless, "privileges": unprivileged, "memory": bounded, "files": openless}
    _write(answers, encode_frame({"guards": guards}))
    while (request := _read_request(source)) is not None:
        head, data = request
        confine.limit_seconds(float(head["seconds"]))
        reply = answer(data, str(head["name"]))
        _write(answers, encode_frame(reply))
        confine.rest()
        if reply.get("error") == ParserKilled.__name__:
            return  # memory may be in pieces: the next document gets a fresh process


def answer(data: bytes, name: str) -> dict[str, Any]:
    """The parsed document or the error as JSON values. An unexpected exception is told by its type alone,
    because its message may hold document text."""
    try:
        return {"document": encode_document(parse_bytes(data, name))}
    except IngestError as error:
        return encode_error(error)
    except MemoryError:
        return encode_error(ParserKilled("the parser passed its memory limit"))
    except Exception as error:
        return encode_error(Unreadable(f"the file is damaged: its parser stopped with {type(error).__name__}"))


def _take_pipes() -> tuple[BinaryIO, int]:
    """Keep the pipes to the parent for ourselves; what native code prints goes nowhere."""
    confine.close_other_descriptors()
    source, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    return os.fdopen(source, "rb"), answers


def _preload() -> None:
    for module in PRELOADED:
        importlib.import_module(module)
    for encoding in ENCODINGS:
        with contextlib.suppress(LookupError):  # an older Python knows fewer
            codecs.lookup(encoding)


def _read_request(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    head_length, body_length = HEADER.unpack(header)
    head = json.loads(source.read(head_length))
    data = source.read(body_length)
    return (head, data) if len(data) == body_length else None


def _write(descriptor: int, frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(descriptor, view) :]


if __name__ == "__main__":
    main(int(sys.argv[1]))
