"""Where questions go: a table of cases, and the laws that hold for all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.policy.labels import Label, Rule
from rag.policy.route import Evidence, Mode, Request, choose_route, cloud_allowed, request_label
from rag.records import Answerer, Zone

RULES = {
    Label.PUBLIC: Rule.CLOUD,
    Label.INTERNAL: Rule.MASKED,
    Label.CONFIDENTIAL: Rule.LOCAL,
    Label.RESTRICTED: Rule.LOCAL,
}
PUBLIC, INTERNAL, CONFIDENTIAL, RESTRICTED = Label


def request(*labels: Label, **changes: object) -> Request:
    base = Request(
        mode=Mode.BY_LABEL,
        rules=RULES,
        question=PUBLIC,
        passages=tuple(Evidence(label) for label in labels),
        conversation=PUBLIC,
        local_only=False,
        chosen_local=False,
        cloud=True,
        local_model=True,
        prefer=Zone.CLOUD,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


CLOUD = (Answerer.CLOUD_MODEL, Answerer.LOCAL_MODEL, Answerer.QUOTES)
LOCAL = (Answerer.LOCAL_MODEL, Answerer.QUOTES)
QUOTES = (Answerer.QUOTES,)


@pytest.mark.parametrize(
    ("asked", "chain", "first_reason"),
    [
        (request(PUBLIC), CLOUD, "label_allows_cloud"),
        (request(), CLOUD, "label_allows_cloud"),
        (request(PUBLIC, local_model=False), (Answerer.CLOUD_MODEL, Answerer.QUOTES), "label_allows_cloud"),
        (request(PUBLIC, cloud=False), LOCAL, "no_cloud_configured"),
        (request(PUBLIC, cloud=False, local_model=False), QUOTES, "no_cloud_configured"),
        (request(PUBLIC, prefer=Zone.LOCAL), LOCAL, "prefers_local"),
        (
            request(PUBLIC, prefer=Zone.LOCAL, local_model=False),
            (Answerer.CLOUD_MODEL, Answerer.QUOTES),
            "label_allows_cloud",
        ),
        (request(PUBLIC, chosen_local=True), LOCAL, "person_chose_local"),
        (request(PUBLIC, chosen_local=True, local_model=False), QUOTES, "person_chose_local"),
        (request(PUBLIC, local_only=True), LOCAL, "switch_local_only"),
        (request(PUBLIC, mode=Mode.LOCAL_ONLY), LOCAL, "mode_local_only"),
        (request(PUBLIC, PUBLIC, CONFIDENTIAL), LOCAL, "label_passages"),
        (request(CONFIDENTIAL, local_model=False), QUOTES, "label_passages"),
        (request(INTERNAL), LOCAL, "masked_not_looked"),
        (request(PUBLIC, conversation=CONFIDENTIAL), LOCAL, "label_conversation"),
        (request(PUBLIC, question=CONFIDENTIAL), LOCAL, "label_question"),
        (request(passages=(Evidence(CONFIDENTIAL, defaulted=True),)), LOCAL, "unlabelled"),
        (request(passages=(Evidence(CONFIDENTIAL, True), Evidence(CONFIDENTIAL))), LOCAL, "label_passages"),
        (request(passages=(Evidence(PUBLIC, local_only=True),)), LOCAL, "source_local_only"),
        (request(PUBLIC, mode=Mode.CLOUD), (Answerer.CLOUD_MODEL, Answerer.QUOTES), "label_allows_cloud"),
        (request(CONFIDENTIAL, mode=Mode.CLOUD), QUOTES, "label_passages"),
    ],
)
def test_a_question_goes_where_the_table_says(asked: Request, chain: tuple[Answerer, ...], first_reason: str) -> None:
    route = choose_route(asked)
    assert route.chain == chain
    assert route.reasons[0].code == first_reason
    assert route.zone is (Zone.CLOUD if chain[0] is Answerer.CLOUD_MODEL else Zone.LOCAL)


def test_the_reason_counts_the_passages_that_decided() -> None:
    reason = choose_route(request(PUBLIC, CONFIDENTIAL, CONFIDENTIAL)).reasons[0]
    assert reason.params == {"label": "confidential", "rule": "local", "count": "2"}


def test_quotes_alone_says_that_no_local_model_is_there() -> None:
    assert [reason.code for reason in choose_route(request(CONFIDENTIAL, local_model=False)).reasons] == [
        "label_passages",
        "no_local_model",
    ]
    assert choose_route(request(CONFIDENTIAL, mode=Mode.CLOUD)).reasons[-1].code == "cloud_mode_forbidden"


labels = st.sampled_from(list(Label))
evidence = st.builds(Evidence, labels, st.booleans(), st.booleans())
requests = st.builds(
    Request,
    mode=st.sampled_from(list(Mode)),
    rules=st.sampled_from([RULES, dict.fromkeys(Label, Rule.LOCAL), {**RULES, Label.INTERNAL: Rule.CLOUD}]),
    question=labels,
    passages=st.lists(evidence, max_size=5).map(tuple),
    conversation=labels,
    local_only=st.booleans(),
    chosen_local=st.booleans(),
    cloud=st.booleans(),
    local_model=st.booleans(),
    prefer=st.sampled_from(list(Zone)),
)


@given(requests, labels, st.integers(0, 4))
def test_raising_any_label_never_widens_the_zone(asked: Request, label: Label, position: int) -> None:
    raised = [
        replace(asked, question=max(asked.question, label)),
        replace(asked, conversation=max(asked.conversation, label)),
    ]
    if asked.passages:
        index = position % len(asked.passages)
        passage = asked.passages[index]
        higher = (
            *asked.passages[:index],
            replace(passage, label=max(passage.label, label)),
            *asked.passages[index + 1 :],
        )
        raised.append(replace(asked, passages=higher))
    raised.append(replace(asked, passages=(*asked.passages, Evidence(label))))
    if choose_route(asked).zone is Zone.LOCAL:
        assert {choose_route(other).zone for other in raised} == {Zone.LOCAL}


@given(requests)
def test_turning_a_switch_on_never_widens_the_zone(asked: Request) -> None:
    for other in (
        replace(asked, local_only=True),
        replace(asked, chosen_local=True),
        replace(asked, mode=Mode.LOCAL_ONLY),
    ):
        assert choose_route(other).zone is Zone.LOCAL


@given(requests)
def test_a_chain_only_narrows_and_ends_in_quotes(asked: Request) -> None:
    order = [Answerer.CLOUD_MODEL, Answerer.LOCAL_MODEL, Answerer.QUOTES]
    places = [order.index(answerer) for answerer in choose_route(asked).chain]
    assert places == sorted(places)
    assert places[-1] == 2
    assert choose_route(asked).reasons


@given(requests)
def test_a_cloud_route_is_one_the_gate_would_allow(asked: Request) -> None:
    route = choose_route(asked)
    rule = asked.rules[request_label(asked.question, asked.passages, asked.conversation)]
    if route.zone is Zone.CLOUD:
        assert cloud_allowed(asked.mode, rule, local_only=asked.local_only, passages=asked.passages)
        assert asked.cloud


@given(requests)
def test_what_is_allowed_and_connected_and_preferred_reaches_the_cloud(asked: Request) -> None:
    rule = asked.rules[request_label(asked.question, asked.passages, asked.conversation)]
    allowed = cloud_allowed(asked.mode, rule, local_only=asked.local_only, passages=asked.passages)
    if allowed and asked.cloud and asked.prefer is Zone.CLOUD and not asked.chosen_local:
        assert choose_route(asked).zone is Zone.CLOUD
