"""The written matter keeps up with the code: settings, examples, links, and both languages of the README."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import rag.errors
from rag.config import Settings, known_keys, load_settings
from rag.errors import AirlockError
from rag.policy.labels import Label, parse_label
from rag.policy.route import Mode
from tests.settings_table import PAGE, splice

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
READMES = [ROOT / "README.md", ROOT / "README.zh-TW.md"]


def fenced(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def no_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRLOCK_HOME", str(tmp_path))
    monkeypatch.delenv("AIRLOCK_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)


def test_every_setting_is_documented_with_its_variable_and_meaning() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = {line.split("|")[2].strip(): line for line in lines if line.startswith("| `")}
    for key, meaning in known_keys().items():
        row = rows["`AIRLOCK_" + key.replace(".", "__").upper() + "`"]
        assert meaning, key
        assert row.endswith(f"| {meaning} |")


def test_the_settings_tables_are_the_ones_the_code_gives_now() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == splice(page), "run `make fix`"


@pytest.mark.usefixtures("no_configuration")
@pytest.mark.parametrize("page", [*READMES, PAGE], ids=lambda page: page.name)
def test_every_configuration_example_is_accepted(page: Path) -> None:
    examples = [text for text in fenced(page, "toml") if text.startswith("# airlock.toml")]
    assert examples
    for text in examples:
        assert isinstance(load_settings(**tomllib.loads(text)), Settings)


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_every_labels_example_uses_real_labels(page: Path) -> None:
    examples = [tomllib.loads(text) for text in fenced(page, "toml") if "labels.toml" in text.splitlines()[0]]
    assert examples
    for example in examples:
        assert set(example) == {"default", "labels"}
        for word in [example["default"], *example["labels"].values()]:
            assert isinstance(parse_label(word), Label)


def test_both_readmes_have_the_same_sections_commands_and_tables() -> None:
    english, chinese = (page.read_text(encoding="utf-8") for page in READMES)
    for pattern in (r"^#+ ", r"^\|", r"^!\["):
        counts = {len(re.findall(pattern, text, re.MULTILINE)) for text in (english, chinese)}
        assert len(counts) == 1, pattern
    commands = [[re.sub(r"\s*#.*|\".*?\"", "", text) for text in fenced(page, "sh")] for page in READMES]
    assert commands[0] == commands[1]


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_readmes_name_every_mode_and_label(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert all(f"| `{mode.value}`" in text for mode in Mode)
    assert all(f"| `{label.word}`" in text for label in Label)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (page.parent / target).exists(), target


def test_decision_pages_say_context_decision_consequences_and_numbers() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert headings[:4] == ["Context", "Decision", "Consequences", "Numbers"], page.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_figure_is_left_to_be_filled_in(page: Path) -> None:
    assert "@@" not in page.read_text(encoding="utf-8")


def test_every_module_named_on_the_map_exists() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    known = {path.name for room in ("rag", "ingest", "web") for path in (ROOT / room).rglob("*.py")}
    named = {name.rpartition("/")[2] for name in re.findall(r"[\w/]+\.py\b", text)}
    assert named - known == set()


def test_every_error_of_the_map_is_in_the_tree_and_the_other_way_round() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    block = re.search(r"^AirlockError\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert block
    tree = [error for error in vars(rag.errors).values() if isinstance(error, type)]
    names = {error.__name__ for error in tree if issubclass(error, AirlockError)}
    assert set(re.findall(r"\b[A-Z]\w+", block[1])) == names - {"AirlockError"}
