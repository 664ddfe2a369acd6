"""Controls that take a guard out of the decision: what is joined, what is believed, when it is read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import rag.answer
import rag.gate.judge
import rag.gate.server
import rag.policy.route
from rag.gate.judge import Rows
from rag.gate.wire import GateRequest, decode_request
from rag.policy.labels import Label, LabelSource, Rule, join
from rag.policy.route import Evidence, Mode
from rag.prompt import build_prompt
from rag.records import Answerer, Passage, Prompt, Turn
from tests.proof.control import Control


def no_judge() -> None:
    rag.gate.judge.judge_rows = lambda rows, policy: Label.PUBLIC  # type: ignore[assignment]


def _replace_both(name: str, new: object) -> None:
    """A function that router and judge share, replaced for both."""
    setattr(rag.policy.route, name, new)
    setattr(rag.gate.judge, name, new)


def history_unjoined() -> None:
    def label(question: Label, passages: tuple[Evidence, ...], conversation: Label) -> Label:
        return join((question, *(passage.label for passage in passages)))

    _replace_both("request_label", label)


def question_unjoined() -> None:
    """Both ways in which a question's own label counts: by itself, and through its conversation's mark."""

    def label(question: Label, passages: tuple[Evidence, ...], conversation: Label) -> Label:
        return join(passage.label for passage in passages)

    _replace_both("request_label", label)


def best_passage_decides() -> None:
    def label(question: Label, passages: tuple[Evidence, ...], conversation: Label) -> Label:
        return join((question, conversation, *(passage.label for passage in passages[:1])))

    _replace_both("request_label", label)


def lowest_passage_decides() -> None:
    def label(question: Label, passages: tuple[Evidence, ...], conversation: Label) -> Label:
        return join((question, conversation, min(passage.label for passage in passages)))

    _replace_both("request_label", label)


def _allow(switch: bool = True, sources: bool = True, masked: bool = False) -> None:
    def allowed(mode: Mode, rule: Rule, *, local_only: bool, passages: tuple[Evidence, ...]) -> bool:
        right = rule is Rule.CLOUD or (masked and rule is Rule.MASKED)
        held = sources and any(passage.local_only for passage in passages)
        return mode is not Mode.LOCAL_ONLY and right and not (switch and local_only) and not held

    _replace_both("cloud_allowed", allowed)


def switch_ignored() -> None:
    _allow(switch=False)
    rag.answer.Label = _PublicWhenRestricted  # type: ignore[assignment,misc]


class _PublicWhenRestricted:
    """Stands for Label where answering labels a Local-only question."""

    PUBLIC = Label.PUBLIC
    RESTRICTED = Label.PUBLIC


def source_switch_ignored() -> None:
    _allow(sources=False)


def masked_sent_whole() -> None:
    _allow(masked=True)


def default_is_public() -> None:
    def of(passage: Passage) -> Evidence:
        defaulted = passage.label_source is LabelSource.DEFAULT
        return Evidence(Label.PUBLIC if defaulted else passage.label, defaulted, passage.local_only)

    Evidence.of = of  # type: ignore[method-assign,assignment]


def labels_remembered() -> None:
    """The judge reads a passage's label once and believes it for ever."""
    known: dict[int, Label] = {}
    passage = rag.gate.judge._passage

    def remembering(rank: int, chunk: Any, info: Any) -> Passage:
        made = passage(rank, chunk, info)
        return replace(made, label=known.setdefault(int(chunk.id), made.label))

    rag.gate.judge._passage = remembering


def verdicts_remembered() -> None:
    """A cache of prompts by question, whatever the labels have become since."""
    known: dict[int, Prompt] = {}
    judge_rows = rag.gate.judge.judge_rows

    def judging(rows: Rows, policy: Any) -> Label:
        if int(rows.question.id) in known:
            return Label.PUBLIC
        label = judge_rows(rows, policy)
        known[int(rows.question.id)] = build_prompt(rows.question.text, rows.passages, rows.turns)
        return label

    rag.gate.judge.judge_rows = judging


def foreign_messages_taken() -> None:
    def turns(store: Any, question: Any, request: GateRequest) -> tuple[Turn, ...]:
        every = {message.id: message for chat in store.chats() for message in store.messages(chat.id)}
        return tuple(Turn(every[id].role, every[id].text) for id in request.message_ids if id in every)

    rag.gate.judge._read_turns = turns


def text_in_request_taken() -> None:
    """A gate that sends a prompt which it is handed."""
    import json

    handed: list[str] = []

    def decoding(body: bytes) -> GateRequest:
        fields = json.loads(body)
        if isinstance(fields, dict) and isinstance(fields.get("prompt"), str):
            handed.append(fields["prompt"])
            body = json.dumps({name: fields[name] for name in ("question_id", "chunk_ids", "message_ids")}).encode()
        return decode_request(body)

    build = rag.gate.judge.build_prompt

    def building(question: str, passages: Any, history: Any) -> Prompt:
        return build(handed.pop() if handed else question, passages, history)

    rag.gate.server.decode_request = decoding
    rag.gate.judge.build_prompt = building


def fallback_to_cloud() -> None:
    """A chain that ends in the cloud when the local model fails, and a gate that believes the router."""
    no_judge()
    choose = rag.answer.choose_route

    def choosing(request: Any) -> Any:
        route = choose(request)
        if route.chain[0] is not Answerer.LOCAL_MODEL:
            return route
        return replace(route, chain=(Answerer.LOCAL_MODEL, Answerer.CLOUD_MODEL, Answerer.QUOTES))

    rag.answer.choose_route = choosing


def wish_obeyed() -> None:
    """A person's wish for the cloud goes before the labels, and the gate believes it."""
    no_judge()
    choose = rag.answer.choose_route

    def choosing(request: Any) -> Any:
        return choose(replace(request, rules=dict.fromkeys(Label, Rule.CLOUD)))

    rag.answer.choose_route = choosing


def consent_skipped() -> None:
    rag.answer.Answering._must_confirm = lambda *arguments: False  # type: ignore[method-assign,assignment]


def choice_ignored() -> None:
    choose = rag.answer.choose_route
    rag.answer.choose_route = lambda request: choose(replace(request, chosen_local=False, prefer=rag.answer.Zone.CLOUD))


def judge_only_first_chunk() -> None:
    """What was cut is sent along, and only the first passage is judged."""
    best_passage_decides()
    find = rag.answer.Answering._find_and_answer

    def finding(self: Any, ask: Any, question: Any, cancel: Any, started: float, **more: Any) -> Any:
        retrieve = self._retriever.retrieve

        class Whole:
            def retrieve(self, query: str, **options: Any) -> Any:
                found = retrieve(query, **options)
                return replace(found, passages=(*found.passages, *found.cut), cut=())

        self._retriever, kept = Whole(), self._retriever
        try:
            yield from find(self, ask, question, cancel, started, **more)
        finally:
            self._retriever = kept

    rag.answer.Answering._find_and_answer = finding  # type: ignore[method-assign]


CONTROLS = (
    Control("no-judge", "The gate judges nothing", "position-1", no_judge),
    Control("history", "The conversation is not joined", "history", history_unjoined),
    Control("question", "The question's own label is not joined", "door-question", question_unjoined),
    Control("best-passage", "The best passage alone decides", "position-9", best_passage_decides),
    Control("lowest-passage", "The lowest label decides", "position-5", lowest_passage_decides),
    Control("switch", "A question's Local-only switch is ignored", "local-only-switch", switch_ignored),
    Control("source-switch", "A source's Local-only switch is ignored", "source-switch", source_switch_ignored),
    Control("masked", "What should be masked is sent whole", "internal", masked_sent_whole),
    Control("default", "What nobody has labelled counts as public", "unlabelled", default_is_public),
    Control("labels-remembered", "The gate remembers labels", "raised-door", labels_remembered),
    Control("verdicts-remembered", "The gate remembers verdicts: a cache across labels", "replay", verdicts_remembered),
    Control(
        "foreign-messages", "The gate takes any conversation's messages", "door-foreign-message", foreign_messages_taken
    ),
    Control("text-taken", "The gate sends text from the request", "door-forged", text_in_request_taken),
    Control("fallback", "Fallback from local to cloud, believed at the gate", "killed-routed", fallback_to_cloud),
    Control("wish", "A person's wish for the cloud goes before the labels", "cloud-preferred", wish_obeyed),
    Control("consent", "Nobody is asked before sending", "consent", consent_skipped),
    Control("choice", "A person's choice to stay here is ignored", "local-chosen", choice_ignored),
    Control("cut-sent", "Cut passages are sent along, unjudged", "cut", judge_only_first_chunk),
)
