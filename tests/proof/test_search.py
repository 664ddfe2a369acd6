"""The detector finds a canary however it is written, and nothing where there is none."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from urllib.parse import quote

import pytest

from tests.proof.search import Canary, Detector

TOKEN = Canary("plan.md", "token", "kestrel-9f31c07ab2")
CHINESE = Canary("計畫.md", "token", "藍鵲代號七五三")
SENTENCE = Canary(
    "plan.md",
    "sentence",
    "The lease of the northern depot ends in spring and will be sold to the city for nine million.",
)
ZH_SENTENCE = Canary("計畫.md", "sentence", "北倉庫的租約將於明年春天到期並以九百萬元售予市政府。")
DETECTOR = Detector([TOKEN, CHINESE, SENTENCE, ZH_SENTENCE])

WRITTEN = {
    "plain": lambda text: text.encode(),
    "upper case": lambda text: text.upper().encode(),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text).encode(),
    "JSON": lambda text: json.dumps({"content": text}).encode(),
    "URL": lambda text: b"GET /?q=" + quote(text).encode(),
    "HTML": lambda text: "".join(f"&#{ord(c)};" for c in text).encode(),
    "hex": lambda text: text.encode().hex().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "gzip": lambda text: b"POST / HTTP/1.1\r\n\r\n" + gzip.compress(text.encode()),
    "gzip cut short": lambda text: gzip.compress((text + " " * 50).encode())[:-6],
    "chunked gzip": lambda text: _chunk(gzip.compress(text.encode())),
    "deflate": lambda text: b"x" + zlib.compress(text.encode()),
    "gzip of JSON": lambda text: gzip.compress(json.dumps(text).encode()),
}


def _chunk(data: bytes) -> bytes:
    parts = b"".join(b"\r\n%x\r\n" % len(data[at : at + 7]) + data[at : at + 7] for at in range(0, len(data), 7))
    return b"Transfer-Encoding: chunked\r\n" + parts


@pytest.mark.parametrize("canary", [TOKEN, CHINESE], ids=lambda canary: canary.owner)
@pytest.mark.parametrize("way", WRITTEN)
def test_a_token_is_found_however_it_is_written(canary: Canary, way: str) -> None:
    seen = DETECTOR.search(b"before " + WRITTEN[way](canary.text) + b" after")
    assert canary in {sighting.canary for sighting in seen}


@pytest.mark.parametrize("canary", [TOKEN, CHINESE, SENTENCE], ids=lambda canary: canary.text[:9])
@pytest.mark.parametrize("offset", range(3))
def test_base64_is_found_at_every_offset(canary: Canary, offset: int) -> None:
    data = base64.b64encode(b"abc"[:offset] + canary.text.encode() + b"tail")
    assert canary in {sighting.canary for sighting in DETECTOR.search(data)}


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("he said the LEASE of the northern depot ends in spring, and left", SENTENCE),
        ("聽說「倉庫的租約將於明年春天到期」之類", ZH_SENTENCE),
    ],
)
def test_a_run_of_a_secret_sentence_is_found(text: str, canary: Canary) -> None:
    assert [sighting.canary for sighting in DETECTOR.search(text.encode())] == [canary]


@pytest.mark.parametrize(
    "text", ["The lease of the depot ends in spring.", "北倉庫的租約到期。", "kestrel-9f31c07ab", ""]
)
def test_what_is_no_canary_is_not_found(text: str) -> None:
    assert DETECTOR.search(text.encode()) == []


def test_a_canary_that_chance_could_write_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        Detector([Canary("x.md", "token", "abc")])
