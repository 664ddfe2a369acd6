"""Every error Airlock raises on purpose, as one tree.

AirlockError
├── ConfigError            refuse to start: which key, and what is allowed
├── IngestError            this document waits, the rest go on
│   ├── Unreadable         damaged, encrypted, or not a format that is read
│   │   └── Unsupported    nothing is wrong with the file, but there is no reader for it: listed as skipped
│   ├── TooLarge           over a stated limit
│   └── ParserKilled       the caged child crashed, hung or ran out of memory
├── StoreError
│   ├── IndexStale         a cache or a model does not fit the store: rebuild or re-embed
│   ├── Damaged            stored bytes do not match their hash; names the document
│   ├── NotFound           no such row
│   └── Busy               another process holds the write lock
├── EgressRefused          policy; never retried, never rerouted
│   ├── LabelTooHigh       a label's rule keeps the text on this machine
│   ├── NotProvablyLocal   an address or a model that could be remote was asked to act as local
│   └── OverBudget         the provider's limit is reached
└── ModelError             the same zone or a lower one may try again
    ├── Unreachable        nothing answered at the address, or it refused the request
    ├── RateLimited        the provider asked for a pause (carries retry_after seconds)
    ├── TimedOut           a deadline passed
    └── CutShort           the answer broke off; what came is kept, marked incomplete

Messages carry ids, names of settings and lengths; never document text.
"""

from __future__ import annotations


class AirlockError(Exception):
    """Root of the tree. `exit_code` is what the CLI exits with, `status` what HTTP answers."""

    exit_code = 1
    status = 500


class ConfigError(AirlockError):
    """A setting is missing, unknown or wrong; the message names the key and what is allowed."""

    exit_code = 2


class IngestError(AirlockError):
    """One document could not be taken; the others go on."""

    exit_code = 3
    status = 422


class Unreadable(IngestError):
    """The file is damaged, encrypted, or of a format that is not read."""


class Unsupported(Unreadable):
    """Nothing is wrong with the file, but its format is not read, or it is empty: listed as skipped."""


class TooLarge(IngestError):
    """The file, or what it unpacks to, is over a stated limit."""


class ParserKilled(IngestError):
    """The parser's process crashed, hung or passed its memory limit."""


class StoreError(AirlockError):
    """The store could not do what was asked."""

    exit_code = 4


class IndexStale(StoreError):
    """A cache or the embedding model does not fit the store; the message gives the command that mends it."""

    status = 409


class Damaged(StoreError):
    """Stored bytes no longer match their hash; the message names the document."""


class NotFound(StoreError):
    """There is no such document, conversation, question or receipt."""

    status = 404


class Busy(StoreError):
    """Another process is writing; try again when it has finished."""

    status = 409


class EgressRefused(AirlockError):
    """Policy forbids sending. Not a ModelError, so no retry clause can swallow it."""

    exit_code = 5
    status = 403


class LabelTooHigh(EgressRefused):
    """The joined label's rule keeps this text on this machine."""


class NotProvablyLocal(EgressRefused):
    """An address or model that may be remote was asked to act as a local one."""


class OverBudget(EgressRefused):
    """The provider's limit for the day or month is reached."""


class ModelError(AirlockError):
    """A model failed; the same zone or a lower one may be tried."""

    exit_code = 6
    status = 502


class Unreachable(ModelError):
    """Nothing answered at the address, or the server refused the request."""


class RateLimited(ModelError):
    """The provider asked for a pause.

    Attributes:
        retry_after: seconds the provider asked to wait, or None when it gave none.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TimedOut(ModelError):
    """A deadline (connect, first byte or total) passed."""


class CutShort(ModelError):
    """The stream broke off before its end; the text that came is kept and marked incomplete."""
