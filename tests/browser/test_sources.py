"""The page's own files: nothing inline, nothing foreign, no way to markup, and the same words in both languages."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
SCRIPTS = sorted((WEB / "static" / "js").glob("*.js"))
SHEETS = sorted((WEB / "static" / "css").glob("*.css"))
TEMPLATES = sorted((WEB / "templates").glob("*.html"))
STRINGS = {
    language: json.loads((WEB / "translations" / f"{language}.json").read_text(encoding="utf-8"))
    for language in ("en", "zh-TW")
}
FORBIDDEN = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment",
    "setHTML", "parseHTML", "srcdoc", "eval(", "Function(", "import(", "setAttribute('style'", "setAttribute('on",
    "cssText", "window.open", "postMessage",
)  # fmt: skip


def used_keys() -> set[str]:
    """Every whole key that scripts and templates ask for."""
    keys = set()
    for script in SCRIPTS:
        keys.update(re.findall(r"\btn?\('([\w.]+)'", script.read_text(encoding="utf-8")))
    for template in TEMPLATES:
        keys.update(re.findall(r"strings\['([^']+)'\]", template.read_text(encoding="utf-8")))
    return keys


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_can_make_markup_or_code_from_text(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_opens_with_what_it_owns_and_stays_small(script: Path) -> None:
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) < 300


@pytest.mark.parametrize("file", SCRIPTS + SHEETS + TEMPLATES, ids=lambda path: path.name)
def test_nothing_is_fetched_from_elsewhere(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    addresses = set(re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z.]+[^\s'\"]*", text))
    # A link for people to follow, and the name of a namespace, which nothing ever fetches.
    assert addresses <= {"https://ollama.com/download", "http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_script_style_or_handler(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"\son\w+=|\sstyle=|<style|\|safe|javascript:", text)
    inline = [tag for tag in re.findall(r"<script[^>]*>", text) if "src=" not in tag]
    assert all('type="application/json"' in tag for tag in inline)


def test_both_languages_say_everything_that_is_asked_for() -> None:
    plural = re.compile(r"\.(one|other)$")
    have = {language: {plural.sub("", key) for key in strings} for language, strings in STRINGS.items()}
    assert have["en"] == have["zh-TW"]
    assert used_keys() <= have["en"]


def test_translations_keep_the_places_of_their_parameters() -> None:
    for key, chinese in STRINGS["zh-TW"].items():
        assert set(re.findall(r"\{\w+\}", chinese)) == set(re.findall(r"\{\w+\}", STRINGS["en"][key])), key


def test_words_of_the_code_stay_off_the_page() -> None:
    for words in STRINGS["en"].values():
        assert not re.search(r"\b(gate|chunk|passage|lattice|zone|quotes)s?\b", words, re.IGNORECASE), words
    for words in STRINGS["zh-TW"].values():
        assert not re.search(r"閘道|文本|信息|數據|默認|用戶|軟件|網絡|文件夾|鏈接", words), words


def test_every_icon_that_is_named_exists_and_holds_only_shapes() -> None:
    icons = {file.stem: file.read_text(encoding="utf-8") for file in (WEB / "static" / "icons").glob("*.svg")}
    sheet = (WEB / "static" / "css" / "icons.css").read_text(encoding="utf-8")
    named = set(re.findall(r"icons/([a-z]+)\.svg", sheet))
    assert named <= set(icons)
    for script in SCRIPTS:
        used = set(re.findall(r"\bicon(?:\(|: )'([a-z]+)'", script.read_text(encoding="utf-8")))
        assert used <= named, script.name
    assert not [name for name, text in icons.items() if re.search(r"script|href|foreignObject|\son\w+=", text)]


def test_the_vendored_lexer_is_the_published_one() -> None:
    folder = WEB / "static" / "vendor" / "marked"
    digest = hashlib.sha256((folder / "marked.esm.js").read_bytes()).hexdigest()
    assert digest in (folder / "README.md").read_text(encoding="utf-8")
    assert "Permission is hereby granted" in (folder / "LICENSE").read_text(encoding="utf-8")
