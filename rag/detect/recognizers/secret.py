"""Keys, tokens and passwords: known shapes, private keys, connection strings, and what is assigned to a telling name.

Uses no entropy: it fires on prose. A placeholder (`<API_KEY>`, `${TOKEN}`, AKIAXXXX…) and a call (`read_key()`) are no secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.policy.spans import Kind, Span

_SHAPES = re.compile(
    r"(?<![0-9A-Za-z_-])(?:"
    + "|".join(
        (
            r"sk-[A-Za-z0-9_-]{20,200}",  # OpenAI, Anthropic, DeepSeek, OpenRouter
            r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",  # AWS
            r"gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}",
            r"gl(?:pat|dt|rt|cbt|ptt|soat)-[A-Za-z0-9_.-]{20,100}",  # GitLab
            r"xox[abeprs]-[A-Za-z0-9-]{10,250}|xapp-[0-9]-[A-Za-z0-9-]{10,250}",  # Slack
            r"AIza[A-Za-z0-9_-]{35}|GOCSPX-[A-Za-z0-9_-]{20,40}|ya29\.[A-Za-z0-9_-]{20,250}",  # Google
            r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,200}|whsec_[A-Za-z0-9+/=]{24,80}",  # Stripe
            r"hf_[A-Za-z0-9]{30,50}|gsk_[A-Za-z0-9]{30,80}|r8_[A-Za-z0-9]{30,50}|pplx-[A-Za-z0-9]{30,80}|xai-[A-Za-z0-9]{30,120}",
            r"npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,250}|rubygems_[a-f0-9]{48}",
            r"do[opr]_v1_[a-f0-9]{64}|dapi[a-f0-9]{32}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|dckr_pat_[A-Za-z0-9_-]{20,60}",
            r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,60}|(?:SK|AC)[a-f0-9]{32}|key-[a-f0-9]{32}",  # SendGrid, Twilio, Mailgun
            r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}|[MN][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40}",  # Telegram, Discord
            r"hvs\.[A-Za-z0-9_-]{24,200}|AGE-SECRET-KEY-1[A-Z0-9]{58}|sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}|lin_api_[A-Za-z0-9]{40}",
            r"eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8,2000}",  # JSON Web Token
        )
    )
    + r")(?![0-9A-Za-z_])"
)
_WEBHOOK = re.compile(
    r"https://(?:hooks\.slack\.com/services|discord(?:app)?\.com/api/webhooks)/[A-Za-z0-9/_-]{16,200}"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<name>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?)-----[A-Za-z0-9+/=\s:,.\\-]{16,20000}?"
    r"(?:-----END (?P=name)-----|\Z)"
)
_CONNECTION = re.compile(
    r"(?<![A-Za-z0-9])[a-z][a-z0-9+.-]{1,30}://[^\s:/@\"'<>]{0,100}:(?P<value>[^\s/@\"'<>]{1,200})@[^\s\"'<>,;，。；、）)]{1,300}",
    re.IGNORECASE,
)
_BEARER = re.compile(
    r"(?<![A-Za-z])(?:Bearer|Basic|Authorization: ?(?:Token|Bearer|Basic)?|X-Api-Key:) ?(?P<value>[A-Za-z0-9._~+/-]{16,4000}={0,2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NAME = (
    r"(?:pass(?:word|wd|phrase|code)|passwd|pwd|secret(?:[_-]?(?:access[_-]?)?key)?|(?:[a-z]+[_-]?)?token|credentials?"
    r"|(?:api|access|account|private|auth|encryption|signing|shared[_-]?access|client)[_ -]?(?:key|secret|token)|PIN(?: code)?"
    r"|密碼|密码|通行碼|口令|金鑰|密鑰|權杖|私鑰)"
)
# Case counts in the class: without it ſ and the Kelvin sign stand for s and k, and no value could hold those.
_VALUE = r"(?P<value>(?-i:[^\s\"'`<>{}\x80-\U0010ffff]{4,500}))"
_ASSIGNED = re.compile(
    rf"{_NAME}[\"'`]?(?P<sign> ?(?:=>|:=|=|:) ?)(?P<quote>[\"'`]?){_VALUE}(?P=quote)",
    re.IGNORECASE,
)
_SAID = re.compile(
    rf"{_NAME}(?: [A-Za-z-]+){{0,4}}? ?(?:\bis\b|\bwas\b|\bto\b|是|為|为|改成|改為|設為|[:：=]) ?[\"'`「『]?{_VALUE}",
    re.IGNORECASE,
)
_FILLERS = re.compile(
    r"^(?:[$%{<\[(]|x{3,}|\*{3,}|\.{3}|your|my[_-]|example|changeme|placeholder|redacted|none\b|null\b|true\b|false\b|string\b|required\b"
    r"|optional\b|undefined\b|os\.|env\.|process\.|self\.|config\.|settings\.)|X{6,}|x{6,}|\*{4,}|^[A-Z]+(?:_[A-Z]+)+$",
    re.IGNORECASE,
)
_STOPGAPS = frozenset({"pass", "password", "passwd", "pwd", "pw", "secret", "token", "user", "username", "credentials"})
_TRAILING = ".,:;!?)]，。"


def find(text: str) -> Iterator[Span]:
    """The secrets in `text`; of an assignment, its value alone."""
    for pattern, score in ((_SHAPES, 0.95), (_WEBHOOK, 0.9), (_PRIVATE_KEY, 1.0)):
        for match in pattern.finditer(text):
            if pattern is not _SHAPES or not _is_filler(match[0][4:]):
                yield Span(*match.span(), Kind.SECRET, score)
    for match in _CONNECTION.finditer(text):
        if not _is_filler(match["value"]):
            yield Span(*match.span(), Kind.SECRET, 0.9)
    for match in _BEARER.finditer(text):
        if _is_mixed(match["value"]) and not _is_filler(match["value"]):
            yield Span(*match.span("value"), Kind.SECRET, 0.85)
    for match in _ASSIGNED.finditer(text):
        value = match["value"] if match["quote"] else match["value"].rstrip(_TRAILING).partition(";")[0]
        firm = bool(match["quote"]) or match["sign"] == "="
        if len(value) >= 4 and not _is_filler(value) and (_is_mixed(value) or (firm and not _is_code(value))):
            yield Span(match.start("value"), match.start("value") + len(value), Kind.SECRET, 0.8)
    for match in _SAID.finditer(text):
        value = match["value"].rstrip(_TRAILING)
        if len(value) >= 6 and _is_mixed(value) and not _is_filler(value):
            yield Span(match.start("value"), match.start("value") + len(value), Kind.SECRET, 0.7)


def _is_filler(value: str) -> bool:
    """Whether `value` only stands where a secret would."""
    return _FILLERS.search(value) is not None or value.lower() in _STOPGAPS or len(set(value)) < 4


def _is_code(value: str) -> bool:
    """Whether `value` is a call, a path or a name in a program, and not a word somebody chose."""
    return any(one in value for one in "()[].&|/\\$") or bool(re.fullmatch(r"[a-z]+(?:_[a-z]+)+", value))


def _is_mixed(value: str) -> bool:
    """Whether `value` mixes letters with digits or signs, as no word of a sentence does, and is neither code nor a date."""
    letters, digits = any(one.isalpha() for one in value), any(one.isdigit() for one in value)
    signs = any(one in "!@#%^*+=?~" for one in value)
    return value.isascii() and letters and (digits or signs) and not any(one in value for one in "()[]&|\\")
