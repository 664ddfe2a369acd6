"""Leaks along a conversation: history, follow-ups, titles, citations, switches, what was deleted or edited."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from rag.events import Asked, Routed, Token
from rag.records import Zone
from tests.proof.leak_path import LeakPath
from tests.proof.papers import Paper
from tests.proof.workbench import Bench, Turn, require


def ask_secret(bench: Bench, paper: Paper, chat: object = None) -> Turn:
    """Ask about a confidential paper and have the local model repeat it."""
    turn = bench.ask(paper.question, chat)  # type: ignore[arg-type]
    require(paper.path in turn.paths, "the confidential paper was not found")
    require(turn.done and paper.answer in turn.done.text, "the local model did not repeat the canary")
    return turn


def ask_public(bench: Bench, paper: Paper, **options: object) -> Turn:
    """Ask about a public paper in a fresh conversation; it must reach the cloud."""
    turn = bench.ask(paper.question, **options)  # type: ignore[arg-type]
    require(turn.zone is Zone.CLOUD, "a public question did not reach the cloud")
    require(paper.answer.encode() in unescape(bench.check()), "the public passage did not reach the cloud")
    return turn


def unescape(data: bytes) -> bytes:
    """JSON's escapes undone, for looking up what was allowed to arrive."""
    import json
    import re

    return re.sub(rb"(?:\\u[0-9a-fA-F]{4})+", lambda match: json.loads(b'"' + match[0] + b'"').encode(), data)


def passage(bench: Bench) -> None:
    for number in range(6):
        ask_secret(bench, bench.paper("secret", number))
    ask_public(bench, bench.paper("public"))


def restricted(bench: Bench) -> None:
    for number in range(4):
        ask_secret(bench, bench.paper("sealed", number))


def unlabelled(bench: Bench) -> None:
    for number in range(4):
        turn = ask_secret(bench, bench.paper("unlabelled", number))
        require(turn.zone is Zone.LOCAL, "an unlabelled paper was not answered here")


def internal(bench: Bench) -> None:
    for number in range(4):
        ask_secret(bench, bench.paper("inner", number))


def history(bench: Bench) -> None:
    for number in range(3):
        first = ask_secret(bench, bench.paper("secret", number))
        later = bench.ask(bench.paper("public", number).question, first.chat)
        require(bench.paper("public", number).path in later.paths, "the public paper was not found")


def history_at_the_door(bench: Bench) -> None:
    first = ask_secret(bench, bench.paper("secret"))
    later = bench.ask(bench.paper("public").question, first.chat)
    messages = [message.id for message in bench.store.messages(first.chat) if message.id < later.message]
    require(len(messages) == 2, "the conversation has no history")
    bench.at_the_door(later.question, bench.chunks(bench.paper("public")), messages)


def long_conversation(bench: Bench) -> None:
    chat = ask_secret(bench, bench.paper("secret")).chat
    for number in range(12):
        bench.ask(bench.paper("public", number).question, chat)


def public_before_secret(bench: Bench) -> None:
    first = ask_public(bench, bench.paper("public"))
    ask_secret(bench, bench.paper("secret"), first.chat)
    bench.ask(bench.paper("public", 1).question, first.chat)


def edit_and_ask_again(bench: Bench) -> None:
    first = ask_secret(bench, bench.paper("secret"))
    edited = bench.ask(bench.paper("public").question, first.chat, replace=first.message)
    require(len(bench.store.messages(first.chat)) == 2, "the question was not replaced")
    require(edited.done, "the edited question was not answered")


def retry(bench: Bench) -> None:
    first = ask_secret(bench, bench.paper("secret"))
    for _ in range(3):
        again = bench.ask(bench.paper("secret").question, first.chat, replace=first.message)
        require(again.done, "the retry was not answered")
        first = again


def condense(bench: Bench) -> None:
    first = ask_secret(bench, bench.paper("secret", chinese=False))
    later = bench.ask("And what about its colour?", first.chat)
    stored = bench.store.question(later.question)
    require(stored.standalone != stored.text, "the follow-up was not condensed")


def condense_towards_public(bench: Bench) -> None:
    paper, public = bench.paper("secret", chinese=False), bench.paper("public", chinese=False)
    first = bench.ask(f"Tell me about {paper.answer} and the {paper.thing}.")
    require(paper.path in first.paths, "the confidential paper was not found")
    bench.ask(f"How does it compare with the {public.thing}?", first.chat)


def title(bench: Bench) -> None:
    paper = bench.paper("secret")
    first = ask_secret(bench, paper)
    bench.store.rename_chat(first.chat, paper.title)
    bench.ask(bench.paper("public").question, first.chat)
    ask_public(bench, bench.paper("public", 1))


def title_of_public_chat(bench: Bench) -> None:
    first = ask_public(bench, bench.paper("public"))
    bench.store.rename_chat(first.chat, bench.paper("secret").title)
    bench.ask(bench.paper("public", 1).question, first.chat)
    require(bench.check(), "nothing was sent")


def citation(bench: Bench) -> None:
    turn = ask_secret(bench, bench.paper("secret"))
    require(turn.done and turn.done.citations, "nothing was cited")
    bench.ask(bench.paper("public").question, turn.chat)
    ask_public(bench, bench.paper("public", 1))


def file_name(bench: Bench) -> None:
    for number in range(4):
        paper = bench.paper("secret", number)
        turn = bench.ask(f"{paper.stem} {paper.thing}?")
        require(turn.paths, "nothing was found")


def metadata(bench: Bench) -> None:
    for ending in ("md", "html", "docx", "pdf"):
        paper = next(one for one in bench.papers if one.folder == "secret" and one.path.endswith(ending))
        require(bench.document(paper).title == paper.title, f"the title inside the {ending} file was not read")
        ask_secret(bench, paper)


def heading(bench: Bench) -> None:
    paper = bench.paper("secret", chinese=False)
    chunks = bench.store.chunks(bench.chunks(paper))
    require(
        any(paper.heading in "".join((*chunk.heading, chunk.text)) for chunk in chunks), "the heading is not stored"
    )
    ask_secret(bench, paper)


def local_only_switch(bench: Bench) -> None:
    public = bench.paper("public")
    bench.forbid(public)
    turn = bench.ask(public.question, local_only=True)
    require(public.path in turn.paths and turn.zone is Zone.LOCAL, "the question was not answered here")
    bench.at_the_door(turn.question, turn.chunks)
    bench.ask(bench.paper("public", 1).question, turn.chat)


def local_chosen(bench: Bench) -> None:
    public = bench.paper("public")
    bench.forbid(public)
    require(bench.ask(public.question, prefer=Zone.LOCAL).zone is Zone.LOCAL, "the choice was not followed")


def cloud_preferred(bench: Bench) -> None:
    turn = bench.ask(bench.paper("secret").question, prefer=Zone.CLOUD)
    require(bench.paper("secret").path in turn.paths, "the confidential paper was not found")


def consent_given_beforehand(bench: Bench) -> None:
    turn = bench.ask(bench.paper("secret").question, prefer=Zone.CLOUD, confirmed=True)
    require(bench.paper("secret").path in turn.paths, "the confidential paper was not found")


def mixed(bench: Bench) -> None:
    together = 0
    for number in range(8):
        secret, public = bench.paper("secret", number, chinese=False), bench.paper("public", number, chinese=False)
        turn = bench.ask(f"Compare the torque limit of the {public.thing} and the {secret.thing}.")
        together += {secret.path, public.path} <= set(turn.paths)
    require(together, "no answer was made from both a public and a confidential passage")


def cut_passages(bench: Bench) -> None:
    seen = False
    for number in range(12):
        public, secret = bench.paper("public", number, chinese=False), bench.paper("secret", number, chinese=False)
        words = " ".join((public.question, public.answer, secret.thing.split()[0]))
        turn = bench.ask(words)
        found = next(event for event in turn.events if type(event).__name__ == "Found")
        seen = seen or (turn.zone is Zone.CLOUD and any(one.label > 1 for one in found.cut))
    require(seen, "no confidential passage was cut from an answer by the cloud")


def two_conversations_at_once(bench: Bench) -> None:
    with ThreadPoolExecutor(4) as pool:
        secrets = [pool.submit(bench.ask, bench.paper("secret", number).question) for number in range(8)]
        publics = [pool.submit(bench.ask, bench.paper("public", number).question) for number in range(8)]
        zones = [one.result().zone for one in publics]
        require(all(one.result().done for one in secrets), "a confidential question was not answered")
    require(Zone.CLOUD in zones, "no public question reached the cloud meanwhile")


def stopped(bench: Bench) -> None:
    from rag.answer import Ask
    from rag.cancel import Cancel

    cancel = Cancel()
    chat = ""
    for event in bench.airlock.answering.ask(Ask(bench.paper("secret").question), cancel):
        if isinstance(event, Asked):
            chat = event.chat_id
        if isinstance(event, Token):
            cancel.cancel()
    require(cancel.cancelled, "no token came")
    bench.ask(bench.paper("public").question, chat)  # type: ignore[arg-type]


def deleted_conversation(bench: Bench) -> None:
    first = ask_secret(bench, bench.paper("secret"))
    bench.store.delete_chat(first.chat)
    fresh = ask_public(bench, bench.paper("public"))
    require(fresh.message > first.message, "a message's id was used again")


def same_question_twice(bench: Bench) -> None:
    """A cache across labels: the same words, first with a public answer, then confidential, then public again."""
    from rag.policy.labels import Label

    paper = bench.paper("toggled")
    require(bench.ask(paper.question).zone is Zone.CLOUD, "it was not public at first")
    bench.label(paper, Label.CONFIDENTIAL)
    require(bench.ask(paper.question).zone is Zone.LOCAL, "it was not answered here")


def waiting_for_consent(bench: Bench) -> None:
    public = bench.paper("public")
    bench.airlock.answering._settings = bench.settings.model_copy(update={"confirm_cloud": "always"})
    try:
        bench.forbid(public)
        turn, again = bench.ask(public.question), bench.ask(public.question)
        bench.check()
        require(turn.waits and again.waits, "nobody was asked")
        require(bench.go_on(again, Zone.LOCAL).zone is Zone.LOCAL, "the no was not followed")
        bench.check()
        bench.forbidden.clear()
        require(bench.go_on(turn, Zone.CLOUD).zone is Zone.CLOUD, "the yes was not followed")
    finally:
        bench.airlock.answering._settings = bench.settings


def consent_for_other_documents(bench: Bench) -> None:
    from rag.policy.labels import Label

    paper = bench.paper("toggled", 2)
    bench.airlock.answering._settings = bench.settings.model_copy(update={"confirm_cloud": "always"})
    try:
        turn = bench.ask(paper.question)
        require(turn.waits, "nobody was asked")
        bench.label(paper, Label.RESTRICTED)
        bench.go_on(turn, Zone.CLOUD)
    finally:
        bench.airlock.answering._settings = bench.settings


def search_alone(bench: Bench) -> None:
    found = bench.airlock.retriever.retrieve(bench.paper("secret").question, limit=8, cut=False)
    require(found.passages, "nothing was found")


def shown_before_sent(bench: Bench) -> None:
    """The destination is told before the first byte leaves."""
    early: list[bytes] = []
    turn = bench.ask(bench.paper("public").question, on={Routed: lambda: early.append(bench.cloud.take())})
    require(early == [b""], "bytes left before the destination was told")
    require(turn.zone is Zone.CLOUD, "the question did not reach the cloud")


def records(bench: Bench) -> None:
    """Sending records, their export and report hold ids and figures, whatever was asked and answered."""
    import json
    from datetime import UTC, datetime

    from web.report import build_report, render_html, render_json
    from web.shapes import receipt_shape

    for number in range(4):
        ask_secret(bench, bench.paper("secret", number))
    ask_public(bench, bench.paper("public"))
    receipts = bench.store.receipts(limit=100)
    require(len(receipts) >= 5, "there are no records")
    report = build_report(bench.store, bench.settings, None, None, datetime.now(UTC))
    shapes = json.dumps([receipt_shape(one) for one in receipts], ensure_ascii=False)
    bench.look_at("records", "\n".join((shapes, render_json(report), render_html(report))).encode())


PATHS = (
    LeakPath("passage", "A confidential passage, both languages", passage),
    LeakPath("restricted", "A restricted passage", restricted),
    LeakPath("unlabelled", "A passage that nobody has labelled", unlabelled),
    LeakPath("internal", "An internal passage, whose rule is `masked`, where names cannot be recognised", internal),
    LeakPath("history", "History: a public question after a confidential answer", history),
    LeakPath("history-door", "History named by id at the gate's own socket", history_at_the_door),
    LeakPath("long-conversation", "History: twelve public questions later", long_conversation),
    LeakPath(
        "public-first", "A conversation that was in the cloud, then confidential, then public", public_before_secret
    ),
    LeakPath("edit", "Edit and ask again: the confidential question replaced by a public one", edit_and_ask_again),
    LeakPath("retry", "Retry of a confidential question", retry),
    LeakPath("condense", "Condensing a follow-up of a confidential question", condense),
    LeakPath("condense-public", "A follow-up that leads from confidential to public", condense_towards_public),
    LeakPath("title", "The conversation's title", title),
    LeakPath("title-public", "A confidential title given to a public conversation", title_of_public_chat),
    LeakPath("citation", "Citations: file name, title, heading", citation),
    LeakPath("file-name", "A file's name, asked for by name", file_name),
    LeakPath("metadata", "Title and author inside MD, HTML, DOCX and PDF", metadata),
    LeakPath("heading", "The headings above a passage", heading),
    LeakPath("local-only-switch", "A person's Local-only switch on a public question", local_only_switch),
    LeakPath("local-chosen", "A person's choice to stay here", local_chosen),
    LeakPath("cloud-preferred", "A person's wish for the cloud on a confidential question", cloud_preferred),
    LeakPath("confirmed", "A yes given beforehand to a confidential question", consent_given_beforehand),
    LeakPath("mixed", "Public and confidential passages in one prompt", mixed),
    LeakPath("cut", "Confidential passages that were cut from a public answer", cut_passages),
    LeakPath("parallel", "Two conversations at once, one public and one confidential", two_conversations_at_once),
    LeakPath("stopped", "A confidential answer stopped in the middle", stopped),
    LeakPath("deleted-chat", "A deleted conversation; ids are not used again", deleted_conversation),
    LeakPath("cache", "Caches: the same words under another label", same_question_twice),
    LeakPath("consent", "Before consent, and after a no", waiting_for_consent),
    LeakPath("consent-stale", "A yes given before the label was raised", consent_for_other_documents),
    LeakPath("records", "Sending records, their export and their report", records),
    LeakPath("search", "Search alone", search_alone),
    LeakPath("shown-first", "The destination is shown before a byte leaves", shown_before_sent),
)
