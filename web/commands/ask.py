"""`airlock ask`: one question, answered on the terminal, with its sources and where it was written."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag.errors import ConfigError, EgressRefused
from web.inside import Inside
from web.terminal import ask_yes, clean, is_terminal, open_console, print_json

if TYPE_CHECKING:
    from rag.answer import Ask
    from rag.cancel import Cancel
    from rag.events import Asked, Done, Event, Found, Routed
    from rag.records import Reason
    from rag.wiring import Airlock


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("ask")(ask)


@dataclass(slots=True)
class Heard:
    """What has come of one answer so far."""

    asked: Asked | None = None
    found: Found | None = None
    routed: Routed | None = None
    done: Done | None = None
    marks: list[Reason] = field(default_factory=list)


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Your question, in any language.")],
    local_only: Annotated[
        bool, typer.Option("--local-only", help="Keep this question on this computer, whatever its label.")
    ] = False,
    model: Annotated[
        str | None, typer.Option("--model", help="Local model to use, as `airlock status` lists them.")
    ] = None,
    prefer: Annotated[
        str | None, typer.Option("--prefer", help="Zone to try first where both are allowed: local or cloud.")
    ] = None,
    chat: Annotated[
        str | None, typer.Option("--chat", help="Go on with this conversation (its id, or `last`).")
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Send to the cloud, where the labels allow it, without asking."),
    ] = False,
    leave_out: Annotated[
        bool,
        typer.Option(
            "--leave-out", help="Leave out passages that must stay here, so that the rest may go to the cloud."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, after the answer.")] = False,
) -> None:
    """Answer a question from your documents.

    The labels of the passages found decide where the answer is written.
    What would leave this computer is named before it does.

    \b
      airlock ask "When is the flood duty officer called?"
      airlock ask "Summarise the draft budget" --local-only
      airlock ask "And the year before?" --chat last
    """
    from rag.answer import Ask
    from rag.cancel import Cancel
    from rag.records import Zone

    if prefer not in (None, "local", "cloud"):
        raise ConfigError("--prefer: use local or cloud")
    if not question.strip():
        raise ConfigError("the question is empty")
    inside = Inside.of(context)
    person = is_terminal() and not as_json
    cancel, heard = Cancel(), Heard()
    with inside.airlock() as airlock, _stopped_by_interrupt(cancel):
        wanted = Ask(
            question.strip(),
            chat_id=_find_chat(airlock, chat),
            local_only=local_only,
            prefer=Zone(prefer) if prefer else None,
            model=model,
            confirmed=yes or (not person and inside.settings.confirm_cloud != "always"),
            leave_out=leave_out,
            can_choose=person,
        )
        show = (lambda _: None) if as_json else _Printer().show
        for event in _answer(airlock, wanted, cancel, heard, person=person):
            show(event)
    if as_json:
        print_json(_shape(question, heard))
    elif heard.done is not None:
        _print_sources(heard.done)
    if heard.done is not None and heard.done.receipt.status.value == "stopped":
        raise typer.Exit(130)


def _answer(airlock: Airlock, wanted: Ask, cancel: Cancel, heard: Heard, *, person: bool) -> Iterator[Event]:
    """The events of the answer; where the cloud must be confirmed, those after the person's choice follow.

    Raises:
        EgressRefused: the cloud would have to be confirmed and nobody is there to do so.
    """
    from rag.records import Zone

    events = airlock.answering.ask(wanted, cancel)
    while True:
        for event in events:
            _note(heard, event)
            yield event
        routed = heard.routed
        if routed is None or not routed.confirm or heard.done is not None:
            return
        if not person:
            raise EgressRefused(
                f"this would go to {routed.provider} ({routed.model}) and confirm_cloud is `always`; "
                "say --yes to allow it, or --local-only"
            )
        assert heard.asked is not None
        wish = "Answer in the cloud without them?" if routed.left_out else "Send this to the cloud?"
        choice = Zone.CLOUD if ask_yes(wish) else Zone.LOCAL
        events = airlock.answering.resume(heard.asked.question_id, choice, cancel)


def _note(heard: Heard, event: Event) -> None:
    from rag.events import Asked, Done, Found, Marked, Routed

    match event:
        case Asked():
            heard.asked = event
        case Found():
            heard.found = event
        case Routed():
            heard.routed = event
        case Marked():
            heard.marks.append(event.reason)
        case Done():
            heard.done = event


_ANSWERS = ("no_answer", "nothing_indexed")
"""Marks whose sentence is the answer's whole text, so that it is not printed twice."""


class _Printer:
    """Prints an answer as it comes: the text on standard output, everything about it on standard error."""

    def __init__(self) -> None:
        from web.i18n import terminal_language

        self._language = terminal_language()
        self._aside = open_console(stderr=True)

    def show(self, event: Event) -> None:
        """Print one event."""
        from rag.events import Marked, Progressed, Routed, Token
        from rag.records import Reason
        from rag.wording import say

        match event:
            case Routed():
                self._announce(event)
            case Progressed():
                self._aside.print(say(Reason(event.code), self._language), style="dim")
            case Token():
                sys.stdout.write(clean(event.text))
                sys.stdout.flush()
            case Marked() if event.reason.code not in _ANSWERS:
                self._aside.print(clean(say(event.reason, self._language)), style="yellow")

    def _announce(self, routed: Routed) -> None:
        """Say what will be sent, before it is."""
        if routed.route.zone.value != "cloud":
            return
        if routed.left_out:
            kept = ", ".join(clean(f"{one.path} ({one.label})") for one in routed.left_out)
            self._aside.print(f"{routed.left_out_passages} excerpts keep this on this computer: {kept}", style="yellow")
        names = ", ".join(clean(f"{one.path} ({one.label})") for one in routed.documents)
        verb = "Would send" if routed.confirm else "Sending"
        self._aside.print(f"{verb} to {routed.provider} ({routed.model}): excerpts of {names}", style="cyan")


def _print_sources(done: Done) -> None:
    from rag.wording import WHERE, describe_answerer, say_why
    from web.i18n import terminal_language

    language, console, receipt = terminal_language(), open_console(), done.receipt
    console.print("" if done.text.endswith("\n") else "\n")
    for citation in done.citations:
        page = f", page {citation.page}" if citation.page is not None else ""
        heading = f", {' > '.join(citation.heading)}" if citation.heading else ""
        line = clean(f"[{citation.number}] {citation.path}{page}{heading}".replace("\n", " "))
        console.print(f"{line} ({citation.label})", style="dim")
    who = describe_answerer(receipt.answerer, receipt.provider, receipt.model, language)
    where = f"{WHERE[receipt.zone][language]}, {who}, {receipt.label}. {say_why(receipt.reasons, language)}"
    console.print(f"\n{where.strip()} (receipt {receipt.id})", style="bold")


def _shape(question: str, heard: Heard) -> dict[str, Any]:
    """The documented object: what happened, from the receipt, not what was planned."""
    from web.shapes import passage_shape, reason_shape

    done, found = heard.done, heard.found
    assert done is not None
    assert found is not None
    receipt = done.receipt
    return {
        "question": question,
        "answer": done.text,
        "status": receipt.status.value,
        "chat": receipt.chat_id,
        "passages": [passage_shape(passage) for passage in found.passages],
        "citations": [
            {
                "number": one.number,
                "path": one.path,
                "page": one.page,
                "heading": list(one.heading),
                "label": one.label.word,
            }
            for one in done.citations
        ],
        "route": {
            "zone": receipt.zone.value,
            "answerer": receipt.answerer.value,
            "provider": receipt.provider,
            "model": receipt.model,
            "label": receipt.label.word,
            "reasons": [reason_shape(reason) for reason in receipt.reasons],
        },
        "marks": [reason_shape(reason) for reason in heard.marks],
        "receipt": receipt.id,
        "timings": dict(receipt.seconds),
    }


def _find_chat(airlock: Airlock, chat: str | None) -> Any:
    """The id of the conversation to go on with, None for a new one.

    Raises:
        NotFound: there is no such conversation.
    """
    from rag.errors import NotFound
    from rag.records import ChatId

    if chat is None:
        return None
    if chat != "last":
        return airlock.store.chat(ChatId(chat)).id
    chats = airlock.store.chats()
    if not chats:
        raise NotFound("there is no conversation yet to go on with")
    return chats[0].id


@contextmanager
def _stopped_by_interrupt(cancel: Cancel) -> Iterator[None]:
    """The first Ctrl+C stops the answer and keeps what came; the second ends the program."""

    def stop(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        cancel.cancel()

    before: Callable[..., Any] | int | None = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
