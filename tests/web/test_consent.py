"""Consent: the configuration's word, else one remembered answer; in local-only mode nothing is looked at."""

from __future__ import annotations

import dataclasses
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from web.consent import Plan, decide_gate, recall, remember
from web.environment import scrub


class Watched(Mapping[str, str]):
    """An environment that notes which values are read."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values_by_name = values
        self.read: list[str] = []

    def __getitem__(self, name: str) -> str:
        self.read.append(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(
        home=str(tmp_path / "home"),
        mode="by-label",
        strict=False,
        host="127.0.0.1",
        port=0,
        password_set=False,
        cloud_enabled=None,
        provider="openai",
        base_url="",
        key_variable="OPENAI_API_KEY",
        key_elsewhere=False,
        provider_title="OpenAI",
        provider_host="api.openai.com",
        address_variable="OPENAI_BASE_URL",
        targets={},
        trusted=[],
    )


SECRETS = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": "https://elsewhere.example/v1"}


def forbid(question: str) -> bool:
    raise AssertionError(f"nobody should be asked: {question}")


def test_in_local_only_mode_no_cloud_variable_is_read(plan: Plan) -> None:
    environment = Watched({**SECRETS, "PATH": "/bin"})
    scrub(environment)
    for enabled in (None, True, False):
        local = dataclasses.replace(plan, mode="local-only", cloud_enabled=enabled)
        assert decide_gate(local, environment, forbid) == "local_only"
    assert environment.read == ["PATH"]


def test_a_configured_no_reads_no_cloud_variable_either(plan: Plan) -> None:
    environment = Watched(SECRETS)
    assert decide_gate(dataclasses.replace(plan, cloud_enabled=False), environment, forbid) == "not_enabled"
    assert environment.read == []


def test_a_configured_yes_asks_nobody(plan: Plan) -> None:
    assert decide_gate(dataclasses.replace(plan, cloud_enabled=True), SECRETS, forbid) == ""


def test_without_a_key_nobody_is_asked(plan: Plan) -> None:
    assert decide_gate(plan, {"OPENAI_API_KEY": ""}, forbid) == "no_key"


@pytest.mark.parametrize(("answer", "why"), [(True, ""), (False, "no_consent")])
def test_a_person_is_asked_once_and_the_answer_is_kept(plan: Plan, answer: bool, why: str) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return answer

    environment = {"OPENAI_API_KEY": "sk-canary"}
    assert decide_gate(plan, environment, ask) == why
    assert decide_gate(plan, environment, forbid) == why
    assert asked == ["A key for OpenAI was found in the environment. May public passages be sent to it?"]


def test_another_address_is_named_and_asked_for_anew(plan: Plan) -> None:
    assert decide_gate(plan, {"OPENAI_API_KEY": "k"}, lambda _: True) == ""
    asked: list[str] = []
    assert decide_gate(plan, SECRETS, lambda question: bool(asked.append(question))) == "no_consent"
    assert "elsewhere.example" in asked[0]


def test_a_key_in_a_file_is_asked_about_without_one_in_the_environment(plan: Plan) -> None:
    asked: list[str] = []
    kept = dataclasses.replace(plan, key_elsewhere=True, provider_title="Anthropic", provider_host="api.anthropic.com")
    assert decide_gate(kept, {}, lambda question: bool(asked.append(question))) == "no_consent"
    assert asked == ["A key for Anthropic is configured. May public passages be sent to it?"]


def test_another_providers_address_variable_is_not_believed(plan: Plan) -> None:
    other = dataclasses.replace(
        plan, provider="anthropic", provider_title="Anthropic", provider_host="api.anthropic.com", address_variable="",
        key_variable="ANTHROPIC_API_KEY",
    )  # fmt: skip
    asked: list[str] = []
    decide_gate(other, {**SECRETS, "ANTHROPIC_API_KEY": "k"}, lambda question: bool(asked.append(question)))
    assert asked == ["A key for Anthropic was found in the environment. May public passages be sent to it?"]


def test_off_a_terminal_nothing_is_assumed_or_remembered(plan: Plan) -> None:
    assert decide_gate(plan, SECRETS, None) == "no_consent"
    assert not Path(plan.home).exists()


def test_the_answers_lie_in_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    remember(tmp_path, "openai", "one.example", True)
    remember(tmp_path, "openai", "two.example", False)
    assert recall(tmp_path, "openai", "one.example") is True
    assert recall(tmp_path, "openai", "two.example") is False
    assert recall(tmp_path, "openai", "three.example") is None
    assert stat.S_IMODE((tmp_path / "consent.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "null", "[]", '{"answers": 7}', '{"answers": {"openai h": {"allowed": "yes"}}}'])
def test_a_file_that_cannot_be_believed_is_no_consent(tmp_path: Path, text: str) -> None:
    (tmp_path / "consent.json").write_text(text)
    assert recall(tmp_path, "openai", "h") is None
