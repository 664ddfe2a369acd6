"""The protocol between inside and gate: only ids go in, and whatever comes out is believed or refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import errors
from rag.errors import AirlockError, CutShort, EgressRefused, RateLimited, Unreachable
from rag.gate.wire import (
    BadRequest,
    Ended,
    GateRequest,
    GateStatus,
    decode_line,
    decode_request,
    decode_status,
    encode_end,
    encode_error,
    encode_piece,
    encode_request,
    encode_status,
)
from rag.records import ChunkId, MessageId, Piece, ProgressPiece, QuestionId, TextPiece, UsagePiece

ids = st.lists(st.integers(1, 2**63 - 1), unique=True, max_size=20)


@given(question=st.integers(1, 2**63 - 1), chunks=ids, messages=ids)
def test_a_request_comes_out_as_it_went_in(question: int, chunks: list[int], messages: list[int]) -> None:
    request = GateRequest(QuestionId(question), tuple(map(ChunkId, chunks)), tuple(map(MessageId, messages)))
    assert decode_request(encode_request(request)) == request


GOOD = {"question_id": 1, "chunk_ids": [1], "message_ids": []}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        b"[]",
        b"null",
        *(
            json.dumps({**GOOD, **change}).encode()
            for change in (
                {"question_id": 0},
                {"question_id": -1},
                {"question_id": "1"},
                {"question_id": True},
                {"question_id": 1.0},
                {"question_id": 2**63},
                {"chunk_ids": [1, 1]},
                {"chunk_ids": ["a sentence of text"]},
                {"chunk_ids": {"1": 1}},
                {"chunk_ids": list(range(1, 300))},
                {"message_ids": [None]},
                {"text": "a sentence of text"},
            )
        ),
        json.dumps({"question_id": 1, "chunk_ids": [1]}).encode(),
    ],
)
def test_anything_but_ids_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        decode_request(body)


@pytest.mark.parametrize(
    "piece",
    [
        TextPiece("Fünf 天 \n\u2028 [1]"),
        ProgressPiece("sent"),
        UsagePiece(1, 2, 3, "ab", None),
        UsagePiece(),
    ],
)
def test_a_piece_is_one_line_and_comes_out_as_it_went_in(piece: Piece) -> None:
    line = encode_piece(piece)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_line(line) == piece


def every_error() -> list[type[AirlockError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AirlockError)]


@pytest.mark.parametrize("kind", every_error())
def test_every_error_is_raised_again_as_the_same_class(kind: type[AirlockError]) -> None:
    with pytest.raises(kind, match="with 7") as caught:
        decode_line(encode_error(kind("with 7")))
    assert type(caught.value) is kind


@pytest.mark.parametrize("seconds", [None, 7.5])
def test_a_pause_keeps_its_seconds(seconds: float | None) -> None:
    with pytest.raises(RateLimited) as caught:
        decode_line(encode_error(RateLimited("pause", seconds)))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize("name", ["Nonsense", "Any", "annotations", "", "__name__"])
def test_an_error_this_side_does_not_know_counts_as_a_refusal(name: str) -> None:
    with pytest.raises(EgressRefused):
        decode_line(json.dumps({"kind": "error", "error": name, "message": "m"}).encode())


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"7", b'{"kind":"other"}', b'{"kind":"text"}', b'{"kind":"text","text":"a","more":1}'],
)
def test_a_line_that_cannot_be_read_means_the_answer_broke_off(line: bytes) -> None:
    with pytest.raises(CutShort):
        decode_line(line)


def test_the_end_is_told_apart_from_breaking_off() -> None:
    with pytest.raises(Ended):
        decode_line(encode_end())


def test_a_status_comes_out_as_it_went_in() -> None:
    status = GateStatus("openai", "m", "api.openai.com", ready=False, why="no_key")
    assert decode_status(encode_status(status)) == status
    for body in (b"", b"{}", b"[]", b"7"):
        with pytest.raises(Unreachable):
            decode_status(body)
