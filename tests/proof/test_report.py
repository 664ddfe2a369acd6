"""The verdict: one leak, one path that was not walked or one control that was not caught is a failure."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.proof.__main__ import COULD_NOT_RUN, main
from tests.proof.conversations import Tally
from tests.proof.report import Proof, print_report
from tests.proof.runner import Outcome
from tests.proof.sealed_world import CannotSeal
from tests.proof.usefulness import Usefulness


def proof() -> Proof:
    paths = [Outcome(f"path-{number}", f"Path {number}") for number in range(60)]
    controls = [Outcome(f"control-{number}", f"Control {number}", ["cloud: token"]) for number in range(25)]
    tally = Tally(turns=2000, conversations=300, zones=Counter(cloud=900, local=1100))
    return Proof(paths, controls, tally, [Usefulness("sample", public=10, in_cloud=9)])


def test_a_whole_proof_passes(capsys: pytest.CaptureFixture[str]) -> None:
    whole = proof()
    assert whole.failures() == []
    print_report(whole)
    said = capsys.readouterr().out
    assert "Controls caught: 25 of 25" in said
    assert "Leaks: 0" in said
    assert said.rstrip().endswith("PASSED")


def test_one_leak_on_a_path_fails(capsys: pytest.CaptureFixture[str]) -> None:
    whole = proof()
    whole.paths[3].findings.append("cloud: token of a.md (plain)")
    assert whole.failures() == ["leak: Path 3"]
    print_report(whole)
    assert capsys.readouterr().out.rstrip().endswith("FAILED")


def test_a_path_that_was_not_walked_fails() -> None:
    whole = proof()
    whole.paths[3].problem = "the confidential paper was not found"
    assert whole.failures() == ["not exercised: Path 3 (the confidential paper was not found)"]


def test_a_control_that_was_not_caught_fails() -> None:
    whole = proof()
    whole.controls[7].findings.clear()
    assert whole.failures() == ["control not caught: Control 7"]


def test_a_leak_in_a_conversation_fails() -> None:
    whole = proof()
    whole.tally.findings.append("turn 7: cloud: token of a.md (plain)")
    assert whole.failures() == ["leak in a random conversation: turn 7: cloud: token of a.md (plain)"]


def test_needless_caution_fails() -> None:
    whole = proof()
    whole.useful[0].in_cloud = 8
    assert whole.failures() == ["needless caution: sample: 80%"]


def test_conversations_that_never_reach_the_cloud_prove_nothing() -> None:
    whole = proof()
    whole.tally.zones = Counter(local=2000)
    assert whole.failures() == ["the random conversations did not reach both zones"]


def test_too_few_paths_or_controls_fail() -> None:
    whole = proof()
    del whole.paths[59:], whole.controls[24:]
    assert len(whole.failures()) == 2


def test_where_it_cannot_run_it_says_so_and_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise CannotSeal("user and network namespaces are not allowed here")

    monkeypatch.setattr("tests.proof.sealed_world.seal", refuse)
    assert main([]) == COULD_NOT_RUN == 75
    assert "could not run" in capsys.readouterr().err
