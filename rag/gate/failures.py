"""From what a provider's client raises to Airlock's own errors. Carries codes and figures, never its text.

Providers quote the request in their messages, so none of them is passed on.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator, Mapping

from rag.errors import AirlockError, CutShort, ModelError, RateLimited, TimedOut, Unreachable

_CONTENT_FILTER = "the provider's content filter stopped this answer"
_NOT_THERE = frozenset(("ConnectError", "EndpointConnectionError"))
"""By name: providers use httpx, httpx2 and botocore."""
_WHOLE = frozenset(("stop", "end_turn", "stop_sequence"))
_TOO_LONG = frozenset(("length", "max_tokens", "model_context_window_exceeded"))
_FILTERED = frozenset(
    ("content_filter", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "spii",
     "guardrail_intervened", "content_filtered")
)  # fmt: skip


def explain(error: Exception, *, started: bool) -> AirlockError:
    """`error` as one of ours; `started` says whether text had come.

    A refusal of our own (`EgressRefused`) found anywhere in the chain of causes wins over what wraps it.
    """
    chain = list(_chain(error))
    for link in chain:
        if isinstance(link, AirlockError):
            return link
    for link in chain:
        if (status := _status(link)) is not None:
            return _explain_status(status, link)
    if started:
        return CutShort("the provider's answer broke off")
    if any(_is_timeout(link) for link in chain):
        return TimedOut("the provider did not answer in time")
    if any(_code(link) == "content_filter" for link in chain):
        return ModelError(_CONTENT_FILTER)
    if any(type(link).__name__ in _NOT_THERE for link in chain):
        return Unreachable("the provider cannot be reached")
    return Unreachable(f"the provider's answer could not be read ({type(error).__name__})")


def explain_finish(reason: str | None) -> ModelError | None:
    """What a stream's last word means, whichever provider wrote it: None when the answer is whole."""
    word = (reason or "").lower()
    if word in _WHOLE:
        return None
    if word in _FILTERED:
        return ModelError(_CONTENT_FILTER)
    if word in _TOO_LONG:
        return CutShort("the model reached its length limit before the end of the answer")
    return CutShort("the provider's answer has no end")


def _status(error: BaseException) -> int | None:
    """The HTTP status an error carries; Google's client calls it `code`."""
    found = (getattr(error, name, None) for name in ("status_code", "code"))
    return next((value for value in found if isinstance(value, int) and 100 <= value <= 599), None)


def _explain_status(status: int, error: BaseException) -> ModelError:
    if status == 401:
        return Unreachable("the key was refused (401)")
    if status == 403:
        return Unreachable("the key may not use this model (403)")
    if status == 404:
        return Unreachable("the provider does not know this model or address (404)")
    if status == 408:
        return TimedOut("the provider gave up waiting (408)")
    if status == 429:
        if _code(error) == "insufficient_quota":
            return Unreachable("the account has no credit left (429)")
        return RateLimited("the provider asks for a pause (429)", read_retry_after(_headers(error)))
    if status >= 500:
        return Unreachable(f"the provider failed ({status})")
    if _code(error) == "content_filter":
        return ModelError(_CONTENT_FILTER)
    if _code(error) == "context_length_exceeded":
        return Unreachable("the passages and the conversation are too long for this model (400)")
    return Unreachable(f"the provider refused the request ({status})")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `Retry-After-Ms` or `Retry-After` (seconds or a date, RFC 9110, 10.2.3)."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "")
        if not value:
            return None
        if value.replace(".", "", 1).isdigit():
            return float(value)
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or "Timeout" in type(error).__name__


def _code(error: BaseException) -> str | None:
    code = getattr(error, "code", None)
    return code if isinstance(code, str) else None


def _headers(error: BaseException) -> Mapping[str, str]:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return headers if isinstance(headers, Mapping) else {}
