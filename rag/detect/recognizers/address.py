"""Postal addresses: Taiwan's in Chinese and in English order, American and British ones, and post boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.policy.spans import Kind, Span

_CITIES = (
    r"(?:[臺台][北中南東]市?|新北市?|桃園[市縣]?|高雄[市縣]?|基隆市?|新竹[市縣]?|嘉義[市縣]?|苗栗縣?|彰化縣?|南投縣?|雲林縣?|屏東縣?"
    r"|宜蘭縣?|花蓮縣?|[臺台]東縣?|澎湖縣?|金門縣?|連江縣?|台[北中南]縣)"
)
_NUMBER = r"[0-9一二三四五六七八九十百]{1,5}"
_INSIDE = r"[^\n，。；：、,;:()（）第字號号]"
_TAIL = (
    rf"(?: ?之 ?{_NUMBER}| ?-[0-9]+)?(?: ?(?:地下)?B?{_NUMBER} ?[樓楼層层Ff](?: ?之 ?{_NUMBER}| ?-[0-9]+)?)?"
    rf"(?: ?[0-9A-Z]{{1,5}} ?室)?"
)
_TAIWAN = re.compile(
    rf"(?<![0-9])(?:[0-9]{{3}}(?:[0-9]{{2,3}})? ?)?(?:[臺台][灣湾]省? ?)?{_CITIES}{_INSIDE}{{0,14}}"
    rf"(?:路|街|大道|段|巷|弄|村|里|鄰|區|鄉|鎮|市){_INSIDE}{{0,20}}?{_NUMBER}(?: ?[之-] ?{_NUMBER})? ?[號号]{_TAIL}"
)
_STREET = re.compile(
    r"[^\W\dA-Za-z_在到至於于是為住址寄往從]{2,5}(?:路|街|大道)(?: ?[一二三四五六七八九十0-9]{1,2} ?段)?"
    rf"(?: ?{_NUMBER} ?巷)?(?: ?{_NUMBER} ?弄)?(?: ?{_NUMBER} ?衖)? ?{_NUMBER}(?: ?[之-] ?{_NUMBER})? ?[號号]{_TAIL}"
)
_ENGLISH_TAIWAN = re.compile(
    r"(?:(?:[0-9]{1,2}F\.?(?:-[0-9]+)?|R(?:oo)?m\.? ?[0-9A-Z-]+), ?){0,2}(?<![A-Za-z])No\. ?[0-9]+(?:-[0-9]+)?,"
    r"(?: ?(?:Aly|Alley|Ln|Lane|Sec)\.? ?[0-9]+,){0,3} ?[A-Z0-9][\w' -]{1,30} (?:Rd|St|Road|Street|Blvd|Boulevard|Ave|Avenue)\b\.?"
    r"(?:, ?(?:Sec\. ?[0-9]+|[A-Z][\w' -]{1,24}(?: (?:Dist|Township|City|County|District|Village)\b\.?)?)){0,4}"
    r"(?: [0-9]{3,6})?(?:, ?Taiwan(?: ?\(R\.?O\.?C\.?\))?)?"
)
_WORD = r"[A-ZÀ-ÞŁÞ][\w'’-]*\.?"
_TYPES = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Parkway|Pkwy"
    r"|Circle|Cir|Highway|Hwy|Close|Crescent|Cres|Gardens|Grove|Mews|Trail|Trl|Way|Walk|Row|Quay|Wharf)"
)
_UNIT = (
    r"(?:[ ,\n]{1,3}(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|#)\.? ?#?[0-9]{0,5}[A-Z]?(?:-[0-9A-Z]+)?\b)"
)
_TOWN = rf"(?:[ ,\n]{{1,3}}{_WORD}(?: {_WORD}){{0,2}}(?=,|\n| [A-Z]{{2}} [0-9]{{5}}| [A-Z]{{1,2}}[0-9]))"
_ZIP = r"(?:[ ,\n]{1,3}[A-Z]{2},? [0-9]{5}(?:-[0-9]{4})?(?![0-9]))"
_POSTCODE = r"(?:[ ,\n]{1,3}[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}(?![A-Za-z0-9]))"
_WESTERN = re.compile(
    rf"(?<![\w.,-])(?:(?:Flat|Apartment|Unit) [0-9A-Z]{{1,4}}, )?(?:[0-9]{{2,5}} )?[0-9]{{1,5}}[A-Za-z]?,? (?:[NSEW]\.? )?"
    rf"(?:{_WORD} ){{1,4}}{_TYPES}\b(?! [a-z]+s? (?:of|is|are)\b)\.?{_UNIT}{{0,2}}{_TOWN}{{0,2}}(?:{_ZIP}|{_POSTCODE})?"
)
_BOXES = re.compile(
    rf"(?<![A-Za-z])(?:P\.? ?O\.? Box [0-9]{{1,6}}|(?:PSC|Unit|CMR) [0-9]{{3,5}},? Box [0-9]{{1,5}}|USS? ?[A-Z][\w ]{{2,20}}(?=\n[AFD]PO)|"
    rf"USCGC [A-Z]\w+){_UNIT}?(?:[ ,\n]{{1,3}}(?:[AFD]PO A[AEP] [0-9]{{5}}(?:-[0-9]{{4}})?|{_WORD}(?: {_WORD}){{0,2}},? [A-Z]{{2}} [0-9]{{5}}))?"
)
_SCORES = ((_TAIWAN, 0.9), (_STREET, 0.7), (_ENGLISH_TAIWAN, 0.85), (_WESTERN, 0.7), (_BOXES, 0.75))


def find(text: str) -> Iterator[Span]:
    """The postal addresses in `text`, from the country or number to the room."""
    for pattern, score in _SCORES:
        for match in pattern.finditer(text):
            yield Span(*match.span(), Kind.ADDRESS, score)
