"""The JSON Schemas of `airlock … --json`, as docs/cli.md describes them. Every object is closed: no surprise keys."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}
LABEL: Schema = {"enum": ["public", "internal", "confidential", "restricted"]}
LABEL_SOURCE: Schema = {"enum": ["owner", "labels.toml", "front matter", "command line", "page", "default"]}
PAGE: Schema = {"type": ["integer", "null"], "minimum": 1}
HEADING: Schema = {"type": "array", "items": TEXT}
SECONDS: Schema = {"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}
ANSWER_STATUS: Schema = {"enum": ["complete", "incomplete", "stopped", "refused"]}
ZONE: Schema = {"enum": ["local", "cloud"]}
ANSWERER: Schema = {"enum": ["cloud", "local", "quotes"]}


def closed(**properties: Schema) -> Schema:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


SENTENCE = closed(en=TEXT, **{"zh-TW": TEXT})
REASON = closed(code=TEXT, params={"type": "object", "additionalProperties": TEXT}, text=SENTENCE)
PASSAGE = closed(
    rank={"type": "integer", "minimum": 1},
    chunk_id=COUNT,
    document_id=COUNT,
    path=TEXT,
    title=TEXT,
    source=TEXT,
    page=PAGE,
    heading=HEADING,
    label=LABEL,
    label_source=LABEL_SOURCE,
    score={"type": "number", "minimum": 0, "maximum": 1},
    text=TEXT,
)
CITATION = closed(number={"type": "integer", "minimum": 1}, path=TEXT, page=PAGE, heading=HEADING, label=LABEL)
ROUTE = closed(zone=ZONE, answerer=ANSWERER, provider=TEXT, model=TEXT, label=LABEL, reasons=array(REASON))
GUARD = closed(name=TEXT, in_force=FLAG, text=SENTENCE)
NOTICE = closed(code=TEXT, text=SENTENCE, command=TEXT)

INGEST = array(
    closed(
        path=TEXT,
        status={"enum": ["added", "updated", "unchanged", "moved", "relabelled", "removed", "failed", "skipped"]},
        reason=TEXT,
        label=or_null(LABEL),
        label_source=or_null(LABEL_SOURCE),
        chunks=COUNT,
    )
)
ASK = closed(
    question=TEXT,
    answer=TEXT,
    status=ANSWER_STATUS,
    chat=TEXT,
    passages=array(PASSAGE),
    citations=array(CITATION),
    route=ROUTE,
    marks=array(REASON),
    receipt=COUNT,
    timings=SECONDS,
)
SEARCH = closed(query=TEXT, passages=array(PASSAGE), timings=SECONDS)
TEXT_FILE = closed(
    path=TEXT,
    title=TEXT,
    format=TEXT,
    pages=PAGE,
    text=TEXT,
    blocks=array(
        closed(
            kind={"enum": ["heading", "paragraph", "list", "table", "code"]},
            page=PAGE,
            start=COUNT,
            end=COUNT,
        )
    ),
)
LABELLED = closed(source=TEXT, label=LABEL, changed=COUNT, paths=array(TEXT))
RECEIPT = closed(
    id=COUNT,
    chat_id=TEXT,
    question_id=COUNT,
    message_id=COUNT,
    created_at=TEXT,
    zone=ZONE,
    answerer=ANSWERER,
    provider=TEXT,
    model=TEXT,
    label=LABEL,
    why=SENTENCE,
    reasons=array(REASON),
    chunks=array(closed(id=COUNT, label=LABEL)),
    status=ANSWER_STATUS,
    steps=array(TEXT),
    tokens_in=or_null(COUNT),
    tokens_out=or_null(COUNT),
    bytes_out=or_null(COUNT),
    request_digest=or_null(TEXT),
    masked=or_null({"type": "object", "additionalProperties": COUNT}),
    seconds=SECONDS,
    mac=TEXT,
)
RECEIPTS = array(RECEIPT)
FORBIDDEN_NOW = array(
    closed(**{**RECEIPT["properties"], "now": closed(label=LABEL, reasons=array(REASON))}),
)
CHAIN = closed(
    intact=FLAG,
    count=COUNT,
    head={"type": "string", "pattern": "^[0-9]+:[0-9a-f]{64}$"},
    noted_head=or_null(TEXT),
    key_id=TEXT,
    findings=array(
        closed(
            code={"enum": ["edited", "missing", "other_key", "truncated", "rewritten"]},
            receipt=or_null(COUNT),
        )
    ),
)
HEAD = closed(count=COUNT, head=TEXT, mac=TEXT)
RECEIPTS_REPORT = closed(
    since=or_null(TEXT),
    until=or_null(TEXT),
    made_at=TEXT,
    version=TEXT,
    chain=CHAIN,
    questions=COUNT,
    left_this_computer=COUNT,
    confidential_left=array(COUNT),
    forbidden_now=array(COUNT),
    bytes_out=COUNT,
    ways=array(
        closed(
            way={"enum": ["cloud", "tried", "refused", "local", "quotes"]},
            who=TEXT,
            by_label=closed(public=COUNT, internal=COUNT, confidential=COUNT, restricted=COUNT),
            total=COUNT,
        )
    ),
    receipts=RECEIPTS,
)
SOURCE = closed(
    id=COUNT,
    name=TEXT,
    root=TEXT,
    default_label=or_null(LABEL),
    local_only=FLAG,
    sample=FLAG,
    documents=COUNT,
    failed=COUNT,
    unlabelled=COUNT,
)
SOURCES = array(SOURCE)
SOURCE_REMOVED = closed(source=TEXT, removed=COUNT)
SOURCE_LABELLED = closed(source=TEXT, label=LABEL, changed=COUNT)
SOURCE_LOCAL_ONLY = closed(source=TEXT, local_only=FLAG)
STATUS = closed(
    home=TEXT,
    answers=closed(kind=ANSWERER, why=SENTENCE),
    mode={"enum": ["local-only", "by-label", "cloud"]},
    prefer=ZONE,
    confirm_cloud={"enum": ["always", "first", "never"]},
    guards=array(GUARD),
    documents=COUNT,
    chunks=COUNT,
    failed=COUNT,
    unlabelled=array(closed(source_id=COUNT, name=TEXT, count=COUNT)),
    sample=closed(present=FLAG, source_id=or_null(COUNT)),
    notices=array(NOTICE),
    models=closed(
        local=array(closed(provider=TEXT, name=TEXT, note=TEXT, fits=FLAG)),
        cloud=or_null(closed(provider=TEXT, model=TEXT, host=TEXT, ready=FLAG, why=or_null(SENTENCE))),
    ),
    embedding_model=or_null(TEXT),
    failures=array(closed(source=TEXT, path=TEXT, reason=TEXT)),
)
EMBEDDING_READY = closed(
    model=TEXT,
    prepared={"const": True},
    identity=TEXT,
    served_by={"enum": ["onnxruntime", "sentence-transformers"]},
    precision=TEXT,
    agreement={"type": "object", "additionalProperties": closed(mean=NUMBER, least=NUMBER)},
    note=TEXT,
)
DOCTOR = closed(
    versions={"type": "object", "additionalProperties": or_null(TEXT)},
    config_file=or_null(TEXT),
    home=TEXT,
    mode={"enum": ["local-only", "by-label", "cloud"]},
    guards=array(GUARD),
    embedding={"anyOf": [EMBEDDING_READY, closed(model=TEXT, prepared={"const": False}, problem=TEXT)]},
    receipts=closed(key_file=TEXT, head_file=TEXT, key_id=TEXT, fits=FLAG),
    notices=array(NOTICE),
    problems=array(closed(code=TEXT, text=TEXT)),
)
SETTINGS = array(
    closed(
        key=TEXT,
        variable=TEXT,
        value={},
        origin={"enum": ["default", "file", "environment"]},
        description=TEXT,
    )
)

SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
NAMES = array(TEXT)
METRICS = closed(**dict.fromkeys(("hit@1", "hit@5", "recall@10", "recall@20", "MRR@10", "nDCG@10"), SHARE))
EVAL_SETTINGS = closed(candidates=COUNT, passages=COUNT, cut_ratio=SHARE, chunk_tokens=COUNT)
SPAN_RECALLS: dict[str, Schema] = {"recall@5": SHARE, "recall@10": SHARE, "prompt": SHARE}
RANK: Schema = {"type": ["integer", "null"], "minimum": 1}
RULE: Schema = {"enum": ["cloud", "masked", "local"]}
EVAL_RESULT = closed(
    id=TEXT,
    text=TEXT,
    unanswerable=FLAG,
    expected=NAMES,
    rank=RANK,
    metrics=or_null(METRICS),
    found=array(closed(document=TEXT, title=TEXT, score=SHARE)),
    refused=FLAG,
    expected_route={"enum": ["any", "cloud", "masked", "local", None]},
    rule=or_null(RULE),
    label=or_null(LABEL),
    route={"enum": ["agreed", "too_open", "needless", None]},
    spans=or_null(closed(**SPAN_RECALLS)),
    seconds={"type": "number", "minimum": 0},
)
EVAL = closed(
    format={"const": "airlock eval 1"},
    airlock=TEXT,
    created_at=TEXT,
    set=TEXT,
    corpus=TEXT,
    store=TEXT,
    embedding_model=TEXT,
    settings=EVAL_SETTINGS,
    documents=COUNT,
    chunks=COUNT,
    failed=NAMES,
    missing=NAMES,
    questions=closed(in_set=COUNT, asked=COUNT, scored=COUNT, unanswerable=COUNT),
    metrics=or_null(METRICS),
    spans=or_null(closed(questions=COUNT, **SPAN_RECALLS)),
    refusal=closed(
        unanswerable=COUNT,
        refused=COUNT,
        precision=or_null(SHARE),
        recall=or_null(SHARE),
        answerable_refused=or_null(SHARE),
    ),
    routes=or_null(closed(questions=COUNT, refused=COUNT, agreement=or_null(SHARE), too_open=COUNT, needless=COUNT)),
    latency=closed(p50=NUMBER, p95=NUMBER, stages=SECONDS),
    results=array(EVAL_RESULT),
)
EVAL_NAME = closed(set=TEXT, created_at=TEXT, airlock=TEXT, embedding_model=TEXT, settings=EVAL_SETTINGS)
EVAL_CHANGE = closed(
    id=TEXT,
    text=TEXT,
    what={"enum": ["ranking", "refusal"]},
    before=SHARE,
    after=SHARE,
    rank_before=RANK,
    rank_after=RANK,
    first_before=or_null(TEXT),
    first_after=or_null(TEXT),
)
METRIC_CHANGE = closed(before=SHARE, after=SHARE, difference=NUMBER, p=SHARE)
EVAL_COMPARISON = closed(
    before=EVAL_NAME,
    after=EVAL_NAME,
    questions=COUNT,
    only_before=NAMES,
    only_after=NAMES,
    metrics=or_null(closed(**dict.fromkeys(METRICS["properties"], METRIC_CHANGE))),
    won=array(EVAL_CHANGE),
    lost=array(EVAL_CHANGE),
)

SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
OPTION: Schema = closed(mode={"enum": ["local-only", "by-label", "cloud"]}, name=SENTENCE)
CRITERION: Schema = closed(
    name=TEXT,
    title=SENTENCE,
    favours=or_null(OPTION),
    text=SENTENCE,
    rule_of_thumb=FLAG,
    figures={"type": "object", "additionalProperties": NUMBER},
)
INPUT: Schema = closed(value=or_null(NUMBER), measured=FLAG, name=SENTENCE)
ADVICE: Schema = closed(
    option=OPTION,
    decided_by=CRITERION,
    criteria=array(CRITERION),
    costs=array(
        closed(option=OPTION, fixed=NUMBER, variable=or_null(NUMBER), total=or_null(NUMBER), answered_by_model=SHARE)
    ),
    currency={"const": "USD"},
    break_even=or_null(NUMBER),
    curves=array(closed(questions=NUMBER, local=NUMBER, cloud=or_null(NUMBER))),
    turns=array(closed(input=TEXT, name=SENTENCE, factor=NUMBER, option=OPTION)),
    inputs=closed(
        questions=INPUT,
        tokens_in=INPUT,
        tokens_out=INPUT,
        price_in=INPUT,
        price_out=INPUT,
        local_seconds=INPUT,
        cloud_seconds=INPUT,
        cloud_wins=INPUT,
        shares=closed(
            value=closed(public=SHARE, internal=SHARE, confidential=SHARE, restricted=SHARE),
            measured=FLAG,
            name=SENTENCE,
        ),
    ),
)
SUM: Schema = closed(
    name=TEXT,
    questions=COUNT,
    tokens_in=COUNT,
    tokens_out=COUNT,
    cost=NUMBER,
    unpriced=COUNT,
    median_seconds=or_null(NUMBER),
)
COSTS: Schema = closed(
    since=or_null(TEXT),
    until=or_null(TEXT),
    currency={"const": "USD"},
    local_fixed_per_month=NUMBER,
    total=SUM,
    by=closed(
        provider=array(SUM), model=array(SUM), zone=array(SUM), label=array(SUM), day=array(SUM), month=array(SUM)
    ),
    prices=array(closed(provider=TEXT, model=TEXT, input=NUMBER, output=NUMBER, source=TEXT, date=or_null(TEXT))),
)
MASK: Schema = closed(
    text=TEXT,
    spans=array(closed(start=COUNT, end=COUNT, type=TEXT, placeholder=TEXT, score=NUMBER, checksummed=FLAG, text=TEXT)),
    counts={"type": "object", "additionalProperties": COUNT},
    names_recognised=array(TEXT),
)
