"""Past answers judged again: would today's labels and rules still let them go to the cloud? Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from rag.policy.labels import Label, Rule
from rag.policy.route import Evidence, Mode, cloud_allowed, request_label
from rag.records import Answerer, MessageStatus, Reason, Receipt, Zone

_NEVER_SENT = frozenset({"EgressRefused", "LabelTooHigh", "NotProvablyLocal", "OverBudget"})
"""Steps that ended before anything was sent."""


@dataclass(frozen=True, slots=True)
class Past:
    """What an answer was made of, as it is labelled today.

    `conversation` is the label of what came before the question in its conversation. Where a text is gone,
    the label it had when it was sent stands in for today's.
    """

    receipt: Receipt
    passages: tuple[Evidence, ...]
    question: Label
    conversation: Label
    local_only: bool


@dataclass(frozen=True, slots=True)
class ForbiddenNow:
    """A past answer that today would have to stay here, its label today, and why."""

    receipt: Receipt
    label: Label
    reasons: tuple[Reason, ...]


def may_have_left(receipt: Receipt) -> bool:
    """Whether anything may have left this machine for this answer.

    True too when the cloud was tried and failed, whoever wrote the answer in the end: the request may have
    been on its way. Only a refusal at the door is known to have sent nothing.
    """
    if receipt.zone is Zone.CLOUD and receipt.status is not MessageStatus.REFUSED:
        return True
    tried = (step.partition(": ") for step in receipt.steps)
    return any(who == Answerer.CLOUD_MODEL.value and how not in _NEVER_SENT for who, _, how in tried)


def find_forbidden(past: Iterable[Past], mode: Mode, rules: Mapping[Label, Rule]) -> Iterator[ForbiddenNow]:
    """Those of `past` that today's labels, switches, rules and mode would keep on this machine."""
    for one in past:
        label = request_label(one.question, one.passages, one.conversation)
        rule = rules[label]
        masked = one.receipt.masked is not None
        if not cloud_allowed(mode, rule, local_only=one.local_only, passages=one.passages, maskable=masked):
            yield ForbiddenNow(one.receipt, label, tuple(_reasons(one, mode, label, rule)))


def _reasons(past: Past, mode: Mode, label: Label, rule: Rule) -> Iterator[Reason]:
    """Why not, most telling first."""
    if rule is not Rule.CLOUD:
        params = {"label": label.word}
        count = sum(passage.label is label for passage in past.passages)
        if count:
            yield Reason("now_passages", {**params, "count": str(count)})
        elif past.conversation is label:
            yield Reason("now_conversation", params)
        else:
            yield Reason("now_question", params)
    kept = sum(passage.local_only for passage in past.passages)
    if kept:
        yield Reason("now_source_local_only", {"count": str(kept)})
    if past.local_only:
        yield Reason("switch_local_only")
    if mode is Mode.LOCAL_ONLY:
        yield Reason("now_mode_local_only")
