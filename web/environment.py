"""Which environment variables each process gets. An allow-list: what is not named here goes nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ALLOWED = frozenset(
    {
        "PATH", "HOME", "LANG", "LANGUAGE", "TERM", "COLORTERM", "TZ",
        "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "VIRTUAL_ENV", "TMPDIR", "USER",
        "LOGNAME", "SHELL", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONWARNINGS",
        "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS",
        "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP",
        "PATHEXT",
    }
)  # fmt: skip
ALLOWED_PREFIXES = ("LC_", "XDG_", "AIRLOCK_")
PRIVATE_PREFIX = "AIRLOCK_DOOR_"

QUIETED = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "LANGSMITH_TRACING": "false",
    "LANGCHAIN_TRACING_V2": "false",
    "OTEL_SDK_DISABLED": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "ANONYMIZED_TELEMETRY": "false",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Set for every process: telemetry and tracing off, model hubs offline."""

DOWNLOADS = frozenset(
    {
        "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
        "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "HF_HOME", "HF_ENDPOINT",
    }
)  # fmt: skip
"""Also passed to the one command that downloads models."""


def scrub(environment: Mapping[str, str], *, extra: Iterable[str] = ()) -> dict[str, str]:
    """The part of `environment` that is passed on. Values of other names are never looked at.

    `extra` names further variables; the private ones of an outer launcher are dropped.
    """
    further = frozenset(extra)
    kept = {name: environment[name] for name in environment if name in further or _is_allowed(name)}
    return {**kept, **QUIETED}


def scrub_for_download(environment: Mapping[str, str]) -> dict[str, str]:
    """For the command that fetches a model: proxies and certificates too, hubs online, still no key."""
    offline = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    scrubbed = scrub(environment, extra=DOWNLOADS)
    return {name: value for name, value in scrubbed.items() if name not in offline}


def _is_allowed(name: str) -> bool:
    return name in ALLOWED or (name.startswith(ALLOWED_PREFIXES) and not name.startswith(PRIVATE_PREFIX))
