"""Where a question may go, and why: a pure function of labels, rules, mode and what is connected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from rag.policy.labels import Label, LabelSource, Rule, join
from rag.records import Answerer, Passage, Reason, Route, Zone


class Mode(StrEnum):
    """What a deployment allows at most."""

    LOCAL_ONLY = "local-only"
    BY_LABEL = "by-label"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One passage's part in the decision: its label, whether anybody set it, its source's Local-only switch."""

    label: Label
    defaulted: bool = False
    local_only: bool = False

    @classmethod
    def of(cls, passage: Passage) -> Evidence:
        """The part `passage` plays."""
        return cls(passage.label, passage.label_source is LabelSource.DEFAULT, passage.local_only)


class Maskable(StrEnum):
    """Whether the identifiers of all that would be sent can be hidden with confidence, or why not."""

    YES = "yes"
    NOT_LOOKED = "not_looked"
    """Some text was never searched for them."""
    NO_NAMES = "no_names"
    """No recogniser of persons' names is installed, and the configuration asks for one."""


@dataclass(frozen=True, slots=True)
class Request:
    """Everything the decision depends on, for one question.

    `conversation` is the chat's high-water label before this question. `cloud` and `local_model` say what is
    connected; `prefer` is the zone tried first where both are allowed; `chosen_local` is a person's choice to have
    this one answer written here, which binds like a switch but raises no label. `max_label` is the highest label the
    provider may be sent; `spent` names the limit of its budget that is reached, empty when none is.
    """

    mode: Mode
    rules: Mapping[Label, Rule]
    question: Label
    passages: tuple[Evidence, ...]
    conversation: Label
    local_only: bool
    chosen_local: bool
    cloud: bool
    local_model: bool
    prefer: Zone
    maskable: Maskable = Maskable.NOT_LOOKED
    max_label: Label = Label.RESTRICTED
    spent: str = ""


def request_label(question: Label, passages: tuple[Evidence, ...], conversation: Label) -> Label:
    """The label of a request: the join of the question's own, the passages' in the prompt, and the conversation's."""
    return join((question, conversation, *(passage.label for passage in passages)))


def cloud_allowed(
    mode: Mode,
    rule: Rule,
    *,
    local_only: bool,
    passages: tuple[Evidence, ...],
    maskable: bool = False,
    within: bool = True,
) -> bool:
    """Whether policy permits the cloud zone at all. Both the router and the gate's judge ask this.

    `maskable`: the identifiers of everything that would be sent are known, so that they can be hidden. `within`: the
    label is not above what this provider may be sent.
    """
    return (
        mode is not Mode.LOCAL_ONLY
        and (rule is Rule.CLOUD or (rule is Rule.MASKED and maskable))
        and within
        and not local_only
        and not any(passage.local_only for passage in passages)
    )


def choose_route(request: Request) -> Route:
    """Decide where a question goes.

    Monotone: raising any label, or turning a switch on, never turns a local route into a cloud one. The chain
    starts in the chosen zone and only ever narrows: cloud → local model → quotes.
    """
    label = request_label(request.question, request.passages, request.conversation)
    rule = request.rules[label]
    allowed = cloud_allowed(
        request.mode,
        rule,
        local_only=request.local_only,
        passages=request.passages,
        maskable=request.maskable is Maskable.YES,
        within=label <= request.max_label,
    )
    local_chain: tuple[Answerer, ...] = (Answerer.QUOTES,)
    if request.local_model and request.mode is not Mode.CLOUD:
        local_chain = (Answerer.LOCAL_MODEL, Answerer.QUOTES)

    reasons = _reasons_against_cloud(request, label, rule)
    if (
        allowed
        and request.cloud
        and not request.spent
        and not request.chosen_local
        and (request.prefer is Zone.CLOUD or local_chain[0] is Answerer.QUOTES)
    ):
        code = "masked_allows_cloud" if rule is Rule.MASKED else "label_allows_cloud"
        why = Reason(code, {"label": label.word})
        return Route(Zone.CLOUD, (Answerer.CLOUD_MODEL, *local_chain), label, (why,))
    if allowed and request.chosen_local:
        reasons.append(Reason("person_chose_local"))
    elif allowed and not request.cloud:
        reasons.append(Reason("no_cloud_configured"))
    elif allowed and request.spent:
        reasons.append(Reason("budget_reached", {"limit": request.spent}))
    elif allowed:
        reasons.append(Reason("prefers_local", {"label": label.word}))
    if local_chain[0] is Answerer.QUOTES:
        reasons.append(Reason("no_local_model" if request.mode is not Mode.CLOUD else "cloud_mode_forbidden"))
    return Route(Zone.LOCAL, local_chain, label, tuple(reasons))


def _reasons_against_cloud(request: Request, label: Label, rule: Rule) -> list[Reason]:
    """Why the cloud is not allowed, most telling first; empty when it is."""
    reasons: list[Reason] = []
    if request.mode is Mode.LOCAL_ONLY:
        reasons.append(Reason("mode_local_only"))
    if request.local_only:
        reasons.append(Reason("switch_local_only"))
    if any(passage.local_only for passage in request.passages):
        reasons.append(Reason("source_local_only"))
    if reasons:
        return reasons
    if rule is not Rule.LOCAL and label > request.max_label:
        return [Reason("provider_max_label", {"label": label.word, "most": request.max_label.word})]
    if rule is Rule.CLOUD:
        return []
    if rule is Rule.MASKED:
        return [] if request.maskable is Maskable.YES else [_why_not_masked(request, label)]
    params = {"label": label.word, "rule": rule.value}
    at_label = [passage for passage in request.passages if passage.label is label]
    if at_label and all(passage.defaulted for passage in at_label):
        reasons.append(Reason("unlabelled", {**params, "count": str(len(at_label))}))
    elif at_label:
        reasons.append(Reason("label_passages", {**params, "count": str(len(at_label))}))
    elif request.conversation is label:
        reasons.append(Reason("label_conversation", params))
    else:
        reasons.append(Reason("label_question", params))
    return reasons


def _why_not_masked(request: Request, label: Label) -> Reason:
    code = "masked_no_names" if request.maskable is Maskable.NO_NAMES else "masked_not_looked"
    return Reason(code, {"label": label.word})
