"""The papers carry what the proof says they carry, and the catalogue holds together."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ingest.pipeline import parse_for_view
from rag.config import Settings
from tests.proof.catalogue import CONTROLS, PATHS
from tests.proof.papers import FOLDERS, make_papers, render
from tests.proof.paths.whole import AFTER, BEFORE
from tests.proof.report import LEAST_CONTROLS, LEAST_PATHS

PAPERS = make_papers()


def test_every_folder_has_papers_in_both_languages_and_several_formats() -> None:
    for folder in FOLDERS:
        papers = [paper for paper in PAPERS if paper.folder == folder]
        assert {paper.chinese for paper in papers} == {True, False}
        assert len({Path(paper.path).suffix for paper in papers}) >= 3


def test_no_canary_and_no_thing_is_used_twice() -> None:
    texts = Counter(canary.text for paper in PAPERS for canary in paper.canaries)
    assert max(texts.values()) == 1
    assert max(Counter(paper.thing for paper in PAPERS).values()) == 1


def test_questions_hold_no_canary() -> None:
    canaries = [canary.text for paper in PAPERS for canary in paper.canaries]
    assert not [paper.question for paper in PAPERS if any(canary in paper.question for canary in canaries)]


def test_the_canaries_are_in_what_is_parsed(tmp_path: Path) -> None:
    for paper in PAPERS:
        file = tmp_path / Path(paper.path).name
        file.write_bytes(render(paper))
        parsed = parse_for_view(file, Settings(home=tmp_path / "home"))
        text = " ".join((parsed.title, parsed.text)).replace("\n", " ")
        assert paper.answer in text
        assert paper.sentence[:60] in text
        assert paper.title in text


def test_paths_and_controls_are_named_once_and_there_are_enough() -> None:
    names = Counter([*(path.name for path in PATHS), *(path.name for path in (*BEFORE, *AFTER))])
    assert max(names.values()) == 1
    assert len(names) >= LEAST_PATHS
    assert max(Counter(control.name for control in CONTROLS).values()) == 1
    assert len(CONTROLS) >= LEAST_CONTROLS
    assert {control.path for control in CONTROLS} <= set(names)
