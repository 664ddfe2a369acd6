"""E-mail addresses. Not `git@host:path`, not a picture's `name@2x.png`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.policy.spans import Kind, Span

_LATIN = "A-Za-zÀ-ÖØ-öø-ɏ"
_ADDRESS = re.compile(
    rf"(?<![{_LATIN}0-9._%+\-])(?P<name>[{_LATIN}0-9_](?:[{_LATIN}0-9._%+'\-]{{0,62}}[{_LATIN}0-9_+\-])?)"
    rf"@(?P<host>(?:[{_LATIN}0-9](?:[{_LATIN}0-9\-]{{0,61}}[{_LATIN}0-9])?\.){{1,8}})(?P<top>[A-Za-z]{{2,24}})(?![A-Za-z0-9])"
)
_FILE_ENDINGS = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "js", "css", "ts", "py", "html"})


def find(text: str) -> Iterator[Span]:
    """The e-mail addresses in `text`."""
    for match in _ADDRESS.finditer(text):
        clone = match["name"] == "git" and text.startswith(":", match.end())
        if match["top"].lower() not in _FILE_ENDINGS and not clone:
            yield Span(*match.span(), Kind.EMAIL, 0.95)
