"""From bytes to text: byte order marks, UTF-8, then the East Asian encodings, then charset-normalizer's
guess."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from rag.errors import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Characters so frequent that a rightly decoded Chinese text is full of them and a wrongly decoded one is not.
_FREQUENT = frozenset(
    "的一是不了人我在有他這為为之大來来以個个中上們们到說说國国和地也子時时道出而要於于就下得可你年生自會会那後后能對对"
    "著着事其裡里所去行過过家十用發发天如然作方成者多日都三小軍军二無无同麼么經经法當当起與与好看學学進进種种將将還还分"
    "此心前面又定見见只主沒没公從从及本第月號号請请應应表名工員员理部每報报告日期單单位項项目規规定辦办條条款"
)


@dataclass(frozen=True, slots=True)
class _Script:
    """How text in one East Asian encoding looks. `common` is a span of two-byte codes of `standard`, those it
    gives to everyday characters; `telling` says which characters prove the language, and `share` how many of
    the characters beyond ASCII they are in ordinary text."""

    encoding: str
    standard: str
    common: tuple[int, int]
    telling: Callable[[str], bool]
    share: float


def _is_frequent(character: str) -> bool:
    return character in _FREQUENT


def _is_kana(character: str) -> bool:
    return "\u3041" <= character <= "\u30fe"


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3"


_SCRIPTS = (
    _Script("cp950", "cp950", (0xA440, 0xC67E), _is_frequent, 0.15),
    _Script("gb18030", "gb2312", (0xB0A1, 0xD7F9), _is_frequent, 0.15),
    _Script("gb18030", "cp950", (0xA440, 0xC67E), _is_frequent, 0.15),  # traditional characters in GBK
    _Script("cp932", "cp932", (0x889F, 0x9872), _is_kana, 0.2),
    _Script("euc_jp", "euc_jp", (0xB0A1, 0xCFD3), _is_kana, 0.2),
    _Script("cp949", "euc_kr", (0xB0A1, 0xC8FE), _is_hangul, 0.7),
)
_SAMPLE = 100_000

# Judged above, and better: charset-normalizer often takes short Western texts for Chinese.
_EXCLUDED = ["big5", "big5hkscs", "cp950", "gb2312", "gbk", "gb18030", "hz", "johab", "cp949", "euc_kr", "cp932",
             "shift_jis", "shift_jis_2004", "shift_jisx0213", "euc_jp", "euc_jis_2004", "euc_jisx0213"]  # fmt: skip


def decode(data: bytes, declared: str | None = None) -> str:
    """The text in `data`.

    A byte order mark and valid UTF-8 are believed before `declared` (an HTML page's own claim), because the
    claim is wrong more often than UTF-8 is valid by chance.

    Raises:
        Unreadable: the bytes are not text in any encoding tried.
    """
    text = _by_mark(data)
    for attempt in (_utf16_without_mark, _utf8, lambda data: _try(data, declared or ""), _east_asian, _guess):
        if text is None:
            text = attempt(data)
    if text is None or not looks_like_text(text):
        raise Unreadable("the bytes are not text in any known encoding")
    return text


def _by_mark(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    return None


def looks_like_text(text: str) -> bool:
    """Whether fewer than one in fifty characters of `text` are control, unassigned or private-use ones."""
    sample = text[:_SAMPLE]
    odd = sum(1 for c in sample if c not in "\t\n\r\f\x1b\ufeff" and unicodedata.category(c) in ("Cc", "Cn", "Co"))
    return odd * 50 <= len(sample)


def _utf8(data: bytes) -> str | None:
    text = _try(data, "utf-8")
    if text is not None:
        return text
    # A long UTF-8 file with a few bad bytes is still UTF-8: a log with one foreign line, a cut download.
    text = data.decode("utf-8", errors="replace")
    multibyte = sum(1 for c in text[:_SAMPLE] if c > "\x7f" and c != "\ufffd")
    return text if multibyte > 20 * text[:_SAMPLE].count("\ufffd") else None


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: zero bytes at every other place, or far more plausible text as
    UTF-16."""
    sample = data[: _SAMPLE & ~3]
    if len(data) < 4:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if half and max(even, odd) > 0.9 * half and min(even, odd) > 0.3 * half:
        return _try(data, "utf-32-be" if sample[0] == 0 else "utf-32-le")
    if odd > 0.2 * half and even < 0.02 * half:
        return _try(data, "utf-16-le")
    if even > 0.2 * half and odd < 0.02 * half:
        return _try(data, "utf-16-be")
    if len(data) % 2 or _try(data, "utf-8") is not None or _east_asian(data) is not None:
        return None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _try(data, encoding)
        if text is not None and _share(text, _is_frequent) > 0.12:
            return text
    return None


def _east_asian(data: bytes) -> str | None:
    """The East Asian encoding whose decoding looks most like its language, if any looks enough like it."""
    sample = data[:_SAMPLE]
    likeness, encoding = max((_likeness(sample, script), script.encoding) for script in _SCRIPTS)
    return data.decode(encoding, errors="replace") if likeness >= 0.4 else None


def _likeness(sample: bytes, script: _Script) -> float:
    """0 to 1. Right decodings consist of everyday characters almost wholly, hence the square; telling characters
    count half, since a short text may lack them."""
    text = sample.decode(script.encoding, errors="replace")
    if text.rstrip("\ufffd").count("\ufffd") * 100 > len(text):
        return 0.0
    common = _common_characters(script)
    everyday = _share(text, lambda c: c in common or _is_punctuation(c) or (_is_kana(c) and script.telling(c)))
    return everyday**2 * (0.5 + 0.5 * min(1.0, _share(text, script.telling) / script.share))


def _is_punctuation(character: str) -> bool:
    return "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff5e"


def _share(text: str, good: Callable[[str], bool]) -> float:
    """The share of the characters beyond ASCII that are `good`; 0 where they are too few, or stand alone."""
    wide = [character for character in text if character > "\x7f"]
    runs = sum(1 for before, after in pairwise(" " + text) if before <= "\x7f" < after)
    if len(wide) < 2 or len(wide) < 1.5 * runs:
        return 0.0
    return sum(map(good, wide)) / len(wide)


@cache
def _common_characters(script: _Script) -> frozenset[str]:
    first, last = script.common
    codes = (code.to_bytes(2, "big") for code in range(first, last + 1))
    return frozenset(code.decode(script.standard, errors="ignore") for code in codes) - {""}


def _guess(data: bytes) -> str | None:
    import charset_normalizer

    best = charset_normalizer.from_bytes(data[:_SAMPLE], cp_exclusion=_EXCLUDED).best()
    return None if best is None else data.decode(best.encoding, errors="replace")


def _try(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError, ValueError):
        return None
