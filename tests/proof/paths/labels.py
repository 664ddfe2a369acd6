"""Leaks along labels: raised at every moment of an answer, lowered by copying, renaming or uploading again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from rag.events import Found, Routed
from rag.policy.labels import Label, LabelSource
from rag.records import Zone
from tests.proof.home import airlock
from tests.proof.leak_path import LeakPath
from tests.proof.papers import Paper, render
from tests.proof.workbench import Bench, require

IN_FLIGHT = 40
AT_THE_DOOR = 200


def raised_before(bench: Bench) -> None:
    for number in range(4):
        paper = bench.paper("toggled", number)
        require(bench.ask(paper.question).zone is Zone.CLOUD, "it was not public at first")
        bench.label(paper, Label.CONFIDENTIAL)
        turn = bench.ask(paper.question)
        require(paper.path in turn.paths, "the raised paper was not found")


def raised_when(bench: Bench, event: type) -> None:
    refused = 0
    for number in range(IN_FLIGHT):
        paper = bench.paper("toggled", number)
        bench.reset_labels()
        turn = bench.ask(paper.question, on={event: lambda paper=paper: bench.label(paper, Label.CONFIDENTIAL)})
        require(paper.path in turn.paths, "the raised paper was not found")
        refused += turn.zone is not Zone.CLOUD or "gate_refused" in turn.marks
        bench.check()
        bench.forbidden.clear()
    require(refused == IN_FLIGHT, "an answer came from the cloud after the label was raised")


def raised_after_found(bench: Bench) -> None:
    raised_when(bench, Found)


def raised_after_routed(bench: Bench) -> None:
    raised_when(bench, Routed)


def raised_often(bench: Bench) -> None:
    """At the door itself, many times: raise, ask, lower, ask."""
    paper = bench.paper("toggled")
    chunks = bench.chunks(paper)
    for number in range(AT_THE_DOOR):
        if number % 20 == 0:
            require(bench.at_the_door(bench.new_question("?"), chunks) is None, "the lowered paper was refused")
        question = bench.new_question(paper.question)
        bench.label(paper, Label.RESTRICTED)
        refused = bench.at_the_door(question, chunks)
        bench.check()
        require(refused == "LabelTooHigh", "the door did not see the raised label")
        bench.forbidden.clear()
        bench.reset_labels()


def replayed(bench: Bench) -> None:
    paper = bench.paper("toggled", 3)
    turn = bench.ask(paper.question)
    require(turn.zone is Zone.CLOUD, "it was not public at first")
    bench.label(paper, Label.CONFIDENTIAL)
    require(bench.at_the_door(turn.question, turn.chunks), "the old request was sent again")


def raised_in_tainted_chat(bench: Bench) -> None:
    """What a public answer quoted is raised later: the conversation that holds it must not go out again."""
    paper = bench.paper("toggled", 1)
    first = bench.ask(paper.question, prefer=Zone.LOCAL)
    require(first.done and paper.answer in first.done.text, "the local model did not repeat it")
    bench.label(paper, Label.CONFIDENTIAL)
    bench.ask(bench.paper("public").question, first.chat)


def source_local_only(bench: Bench) -> None:
    source = bench.store.sources()[0]
    bench.forbid(bench.paper("public"))
    bench.store.set_source_local_only(source.id, True)
    try:
        turn = bench.ask(bench.paper("public").question)
        require(turn.zone is Zone.LOCAL, "the switch was not followed")
        bench.at_the_door(turn.question, turn.chunks)
    finally:
        bench.store.set_source_local_only(source.id, False)


def source_switched_in_flight(bench: Bench) -> None:
    source = bench.store.sources()[0]
    bench.forbid(bench.paper("public"))
    for event in (Found, Routed):
        try:
            turn = bench.ask(
                bench.paper("public").question, on={event: lambda: bench.store.set_source_local_only(source.id, True)}
            )
            require(turn.zone is Zone.LOCAL or "gate_refused" in turn.marks, "the switch was not seen")
        finally:
            bench.store.set_source_local_only(source.id, False)


def source_label_raised(bench: Bench) -> None:
    paper, folder = _bring(bench, "raised-folder", bench.spare, "public")
    require(bench.ask(paper.question).zone is Zone.CLOUD, "the folder was not public at first")
    bench.forbid(paper)
    for source in bench.store.sources():
        if source.root == str(folder):
            bench.store.set_source_label(source.id, Label.CONFIDENTIAL, LabelSource.PAGE)
    held = [one for one in bench.store.documents() if one.path == Path(paper.path).name]
    require(held and held[0].label is Label.CONFIDENTIAL, "the folder's label did not reach its document")
    bench.at_the_door(bench.ask(paper.question).question, bench.store.chunk_ids_of(held[0].id))


def uploaded_again(bench: Bench) -> None:
    """The very same bytes in a folder that is labelled public as a whole."""
    for number in range(3):
        paper = bench.paper("secret", number)
        _bring(bench, f"again-{number}", paper, "public", same_name=True)
        bench.ask(paper.question)


def copied_under_another_name(bench: Bench) -> None:
    for number in range(3, 6):
        paper = bench.paper("secret", number)
        _bring(bench, f"copied-{number}", paper, "public")
        bench.ask(paper.question)


def renamed(bench: Bench) -> None:
    """Moved within its source from a confidential folder to a public one."""
    folder = bench.home.parent / "moving"
    (folder / "kept").mkdir(parents=True)
    (folder / "open").mkdir()
    (folder / "labels.toml").write_text('[labels]\n"kept/**" = "confidential"\n"open/**" = "public"\n')
    paper = bench.paper("secret", 7)
    file = folder / "kept" / "moved.md"
    file.write_bytes(render(paper))
    airlock(bench.home, "ingest", str(folder))
    file.rename(folder / "open" / "moved.md")
    airlock(bench.home, "ingest", str(folder))
    require(any(one.path == "open/moved.md" for one in bench.store.documents()), "the move was not seen")
    bench.ask(paper.question)


def deleted_document(bench: Bench) -> None:
    paper, _ = _bring(bench, "going", bench.paper("secret", 8), "confidential")
    held = next(one for one in bench.store.documents() if one.path == Path(paper.path).name)
    chunks = bench.store.chunk_ids_of(held.id)
    question = bench.ask(bench.paper("public").question).question
    bench.store.delete_document(held.id)
    require(bench.at_the_door(question, chunks), "a deleted passage was sent")


def _bring(bench: Bench, name: str, paper: Paper, label: str, *, same_name: bool = False) -> tuple[Paper, Path]:
    """Ingest a copy of `paper` in a folder of its own, under `label`; returns it as it lies there."""
    folder = bench.home.parent / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    original = Path(paper.path)
    file = original.name if same_name else f"copy-of-{original.name}"
    (folder / file).write_bytes(render(paper))
    airlock(bench.home, "ingest", str(folder), "--label", label)
    return replace(paper, path=f"{folder.name}/{file}"), folder


PATHS = (
    LeakPath("raised-before", "A label raised: the next question", raised_before),
    LeakPath("raised-found", f"A label raised between retrieval and route, {IN_FLIGHT} times", raised_after_found),
    LeakPath("raised-routed", f"A label raised between route and sending, {IN_FLIGHT} times", raised_after_routed),
    LeakPath("raised-door", f"A label raised and lowered at the gate, {AT_THE_DOOR} times", raised_often),
    LeakPath("replay", "An old permitted request sent again after its label was raised", replayed),
    LeakPath("raised-history", "A conversation that quotes what was raised later", raised_in_tainted_chat),
    LeakPath("source-switch", "A source's Local-only switch", source_local_only),
    LeakPath("source-flight", "A source's switch turned on in flight", source_switched_in_flight),
    LeakPath("source-label", "A whole source's label raised", source_label_raised, alone=True),
    LeakPath("uploaded-again", "Lowered by taking in the same file again as public", uploaded_again, alone=True),
    LeakPath("copied", "Lowered by copying under another name", copied_under_another_name, alone=True),
    LeakPath("renamed", "Lowered by moving to a public folder", renamed, alone=True),
    LeakPath("deleted-document", "Passages of a deleted document", deleted_document, alone=True),
)
