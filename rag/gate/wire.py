"""What travels between inside and gate: ids and typed figures in, pieces of the answer out. Never a prompt.

HTTP over a unix socket. `GET /status` answers one JSON object; `POST /answer` takes a `GateRequest` and
answers one JSON object per line, the last of kind `end` or `error`. A stream that ends otherwise broke off.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from rag import errors
from rag.errors import AirlockError, CutShort, RateLimited, Unreachable
from rag.records import ChunkId, MessageId, Piece, ProgressPiece, QuestionId, TextPiece, UsagePiece

MAX_REQUEST_BYTES = 256 * 1024
MAX_LINE_BYTES = 4 * 1024 * 1024
MAX_CHUNKS = 200
MAX_MESSAGES = 10_000
MAX_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class GateRequest:
    """Which stored question to answer, with which stored chunks (in citation order) and earlier messages."""

    question_id: QuestionId
    chunk_ids: tuple[ChunkId, ...]
    message_ids: tuple[MessageId, ...] = ()


@dataclass(frozen=True, slots=True)
class GateStatus:
    """What the gate would ask. `why` is a code when it is not ready: `no_key`, `unreachable`."""

    provider: str
    model: str
    host: str
    ready: bool
    why: str = ""


class BadRequest(AirlockError):
    """What came over the socket is no `GateRequest`; nothing was read from the store and nothing sent."""

    status = 400


class Ended(Exception):
    """The last line of a whole answer."""


def encode_request(request: GateRequest) -> bytes:
    """The body of `POST /answer`."""
    return json.dumps(asdict(request)).encode()


def decode_request(body: bytes) -> GateRequest:
    """Read a request, believing nothing: exact keys, whole positive numbers, bounded counts, no repeats.

    Raises:
        BadRequest: it is anything else.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the request of {len(body)} bytes is not JSON") from error
    if not isinstance(fields, dict) or fields.keys() != {"question_id", "chunk_ids", "message_ids"}:
        raise BadRequest("a request has exactly question_id, chunk_ids and message_ids")
    chunks = _read_ids(fields["chunk_ids"], "chunk_ids", MAX_CHUNKS)
    messages = _read_ids(fields["message_ids"], "message_ids", MAX_MESSAGES)
    (question,) = _read_ids([fields["question_id"]], "question_id", 1)
    return GateRequest(QuestionId(question), tuple(map(ChunkId, chunks)), tuple(map(MessageId, messages)))


def _read_ids(values: Any, name: str, most: int) -> list[int]:
    if not isinstance(values, list) or len(values) > most:
        raise BadRequest(f"{name}: a list of at most {most} ids is expected")
    if not all(type(value) is int and 0 < value <= MAX_ID for value in values):
        raise BadRequest(f"{name}: ids are whole positive numbers")
    if len(set(values)) != len(values):
        raise BadRequest(f"{name}: an id comes twice")
    return values


def encode_status(status: GateStatus) -> bytes:
    """The body of `GET /status`."""
    return json.dumps(asdict(status)).encode()


def decode_status(body: bytes) -> GateStatus:
    """Read a status.

    Raises:
        Unreachable: it is not one.
    """
    try:
        return GateStatus(**json.loads(body))
    except (ValueError, TypeError) as error:
        raise Unreachable("the gate answered something that is not a status") from error


def encode_piece(piece: Piece) -> bytes:
    """One line of an answer."""
    kind = {TextPiece: "text", ProgressPiece: "progress", UsagePiece: "usage"}[type(piece)]
    return _line({"kind": kind, **asdict(piece)})


def encode_error(error: AirlockError) -> bytes:
    """The last line of an answer that failed: the error's name and message, which carry no document text."""
    retry_after = error.retry_after if isinstance(error, RateLimited) else None
    return _line({"kind": "error", "error": type(error).__name__, "message": str(error), "retry_after": retry_after})


def encode_end() -> bytes:
    """The last line of a whole answer."""
    return _line({"kind": "end"})


def decode_line(line: bytes) -> Piece:
    """Read one line of an answer.

    Raises:
        Ended: it is the last line of a whole answer.
        AirlockError: it carries an error; the same class with the same message is raised here.
        CutShort: it is not a whole line of this protocol.
    """
    try:
        fields = json.loads(line)
        kind = fields.pop("kind")
        if kind == "text":
            return TextPiece(**fields)
        if kind == "progress":
            return ProgressPiece(**fields)
        if kind == "usage":
            return UsagePiece(**fields)
        if kind not in ("end", "error"):
            raise ValueError(kind)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CutShort(f"the gate sent a line of {len(line)} bytes that cannot be read") from error
    if kind == "end":
        raise Ended
    raise _revive(fields)


def _revive(fields: dict[str, Any]) -> AirlockError:
    """The error named on the wire. A name this side does not know is a refusal, never something to retry."""
    message = str(fields.get("message", ""))
    kind = getattr(errors, str(fields.get("error", "")), None)
    if kind is RateLimited:
        retry_after = fields.get("retry_after")
        return RateLimited(message, float(retry_after) if isinstance(retry_after, int | float) else None)
    if isinstance(kind, type) and issubclass(kind, AirlockError):
        return kind(message)
    return errors.EgressRefused(message or "the gate refused")


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
