"""IP and MAC addresses that name a machine. Not version numbers, section numbers, loopback or masks."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from rag.detect.context import stands_before, words
from rag.policy.spans import Kind, Span

_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(rf"(?<![0-9A-Za-z_.-])(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9A-Za-z_]|\.[0-9A-Za-z]|-[0-9A-Za-z])")
_V6 = re.compile(
    r"(?<![0-9A-Za-z_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{1,4}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?![0-9A-Za-z_:])"
)
_MAC = re.compile(
    r"(?<![0-9A-Za-z:.-])(?:[0-9A-Fa-f]{2}(?P<sign>[:-])(?:[0-9A-Fa-f]{2}(?P=sign)){4}[0-9A-Fa-f]{2}"
    r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Za-z:-]|\.[0-9])"
)
_NUMBERED = words(
    *(
        r"v(?:er)?(?:sions?)?\.?",
        r"releases?",
        r"sections?",
        r"sec\.?",
        r"chapters?",
        r"clauses?",
        r"§",
        r"build",
        r"firmware",
    ),
    *(r"upgraded?", r"figures?", r"tables?", "版本?", "章", "節", "條", "升級", "更新至"),
)
_MACHINE = words(
    r"ip(?:v[46])?",
    r"hosts?",
    r"address(?:es)?",
    r"servers?",
    r"from",
    r"ping",
    r"gateway",
    r"dns",
    "位址",
    "來源",
    "主機",
)
_SMALL = 20
"""Four numbers up to this look like a section or a version: then a machine must be spoken of."""


def find(text: str) -> Iterator[Span]:
    """The IP and MAC addresses in `text`."""
    for match in _V4.finditer(text):
        if _names_machine(match[0]) and _is_address(text, match):
            yield Span(*match.span(), Kind.IP, 0.85)
    for match in _V6.finditer(text):
        if any(one.isdigit() for one in match[0]) and _names_machine(match[0]):
            yield Span(*match.span(), Kind.IP, 0.9)
    for match in _MAC.finditer(text):
        if len(set(match[0].lower()) - set(":-.")) > 2:
            yield Span(*match.span(), Kind.MAC, 0.9)


def _is_address(text: str, match: re.Match[str]) -> bool:
    """Whether four numbers are an address and not a section's or a version's."""
    machine = stands_before(_MACHINE, text, match.start(), reach=20)
    numbered = stands_before(_NUMBERED, text, match.start(), reach=20)
    small = all(int(one) <= _SMALL for one in match[0].split("."))
    return not numbered and (machine or not small or match[0].startswith("10."))


def _names_machine(address: str) -> bool:
    """Whether `address` is one machine's: not loopback, not unspecified, not a mask, not malformed."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return not (parsed.is_loopback or parsed.is_unspecified or parsed.is_multicast or address.startswith("255."))
