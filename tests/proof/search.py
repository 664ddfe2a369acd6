"""Looks for canaries in bytes, however they are written: the one detector of the whole proof.

Needles are searched raw, case-folded, in UTF-16, as hex and as base64 at its three offsets; the bytes are also read
with JSON escapes, URL escapes and HTML entities undone and with gzip, deflate and brotli unpacked, and runs of eight
words or of ten ideographs are compared with those of every secret sentence.
"""

from __future__ import annotations

import base64
import contextlib
import html
import importlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

WORDS = 8
IDEOGRAPHS = 10
_DEEPEST = 3
_SHORTEST = 5
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_CJK = re.compile(r"[㐀-鿿]+")
_WORD = re.compile(r"[a-z0-9]+(?:[-'][a-z0-9]+)*")
_PIECE = 1
"""Bytes unpacked at a time: an error loses no more than these."""
_LARGEST = 16 * 1024 * 1024
_ZLIB_HEADS = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


@dataclass(frozen=True, slots=True)
class Canary:
    """A text that must not be seen. `owner` is the document it stands in, `kind` what it is there."""

    owner: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A canary that was seen, and how it was written."""

    canary: Canary
    how: str

    def __str__(self) -> str:
        return f"{self.canary.kind} of {self.canary.owner} ({self.how})"


class Detector:
    """Finds any of `canaries`. Built once; safe to share."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        self._needles: list[tuple[bytes, Canary, str]] = []
        self._texts: list[tuple[str, Canary]] = []
        self._runs: dict[str, Canary] = {}
        for canary in canaries:
            if len(canary.text.encode()) < _SHORTEST:
                raise ValueError(f"the canary {canary.kind} of {canary.owner} is too short to be told from chance")
            self._texts.append((_fold(canary.text), canary))
            self._needles += [(needle, canary, how) for needle, how in _encode(canary.text)]
            if canary.kind == "sentence":
                self._runs |= dict.fromkeys(_runs_of(canary.text), canary)

    def search(self, data: bytes) -> list[Sighting]:
        """What is seen in `data`; each canary once."""
        found: dict[Canary, str] = {}
        for view, how in _views(data, _DEEPEST):
            self._look(view, how, found)
        return [Sighting(canary, how) for canary, how in found.items()]

    def _look(self, view: bytes, how: str, found: dict[Canary, str]) -> None:
        for needle, canary, encoding in self._needles:
            if canary not in found and needle in view:
                found[canary] = " in ".join(filter(None, (encoding, how)))
        text = _fold(view.decode("utf-8", "replace"))
        for needle_text, canary in self._texts:
            if canary not in found and needle_text in text:
                found[canary] = how or "plain"
        for run in _runs_of(text):
            seen = self._runs.get(run)
            if seen is not None and seen not in found:
                found[seen] = f"a run of its words{' in ' + how if how else ''}"


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _encode(text: str) -> Iterator[tuple[bytes, str]]:
    """The ways a needle may be written that no view undoes."""
    raw = text.encode()
    yield raw.hex().encode(), "hex"
    yield raw.hex().upper().encode(), "hex"
    for encoding in ("utf-16-le", "utf-16-be"):
        yield text.encode(encoding), encoding
    for offset in range(3):
        # only the characters that depend on the needle alone
        whole = base64.b64encode(b"\0" * offset + raw)
        start = (0, 2, 3)[offset]
        end = len(whole) - (0, 3, 2)[(offset + len(raw)) % 3]
        if end - start >= _SHORTEST:
            yield whole[start:end], f"base64 at offset {offset}"
            yield whole[start:end].translate(bytes.maketrans(b"+/", b"-_")), f"base64 at offset {offset}"


def _runs_of(text: str) -> Iterator[str]:
    folded = _fold(text)
    words = _WORD.findall(folded)
    for at in range(len(words) - WORDS + 1):
        yield " ".join(words[at : at + WORDS])
    for match in _CJK.finditer(re.sub(r"[\s，。、；：]+", "", folded)):
        for at in range(match.start(), match.end() - IDEOGRAPHS + 1):
            yield match.string[at : at + IDEOGRAPHS]


def _views(data: bytes, depth: int) -> Iterator[tuple[bytes, str]]:
    yield data, ""
    text = data.decode("utf-8", "replace")
    if "\\u" in text or "\\n" in text:
        unescaped = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\\n", "\n").replace('\\"', '"')
        yield unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode(), "JSON escapes"
    if "%" in text:
        yield unquote_to_bytes(text.replace("+", " ")), "URL escapes"
    if "&" in text:
        yield html.unescape(text).encode(), "HTML entities"
    if depth:
        for packed, how in _unpack(_join_http_chunks(data)):
            for view, inner in _views(packed, depth - 1):
                yield view, f"{inner} in {how}" if inner else how


def _join_http_chunks(data: bytes) -> bytes:
    """`data` without the length lines of HTTP's chunked encoding, which would cut a packed body to pieces."""
    return re.sub(rb"\r\n[0-9a-fA-F]{1,6}\r\n", b"", data) if b"chunked" in data.lower() else data


def _unpack(data: bytes) -> Iterator[tuple[bytes, str]]:
    for match in re.finditer(rb"\x1f\x8b\x08", data):
        yield _inflate(data[match.start() :], 16 + zlib.MAX_WBITS), "gzip"
    for head in _ZLIB_HEADS:
        for match in re.finditer(re.escape(head), data):
            yield _inflate(data[match.start() :], zlib.MAX_WBITS), "deflate"
    body = data.rpartition(b"\r\n\r\n")[2]
    if body and not body.isascii():
        yield _inflate(body, -zlib.MAX_WBITS), "raw deflate"
        brotli = _brotli()
        if brotli is not None:
            with contextlib.suppress(brotli.error):
                yield brotli.decompress(body), "brotli"


def _inflate(data: bytes, window: int) -> bytes:
    """What can be unpacked; what comes after the end, or a missing end, does not matter."""
    unpacker, found = zlib.decompressobj(window), b""
    with contextlib.suppress(zlib.error):
        for at in range(0, len(data), _PIECE):
            found += unpacker.decompress(data[at : at + _PIECE], _LARGEST)
            if unpacker.eof or len(found) > _LARGEST:
                break
    return found


def can_unpack_brotli() -> bool:
    """Whether a brotli library is installed; the report says when it is not."""
    return _brotli() is not None


def _brotli() -> Any:
    try:
        return importlib.import_module("brotli")
    except ImportError:
        return None
