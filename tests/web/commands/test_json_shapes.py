"""Every `--json` output has the documented shape, and docs/cli.md names every key of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.web import cli_shapes as shapes
from tests.web.commands.conftest import Run

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def check(value: Any, schema: shapes.Schema) -> Any:
    jsonschema.Draft202012Validator(schema).validate(value)
    return value


def test_ingest_gives_one_record_per_file(run: Run, handbook: Path) -> None:
    done = run("ingest", handbook, "--json")
    records = {one["path"]: one for one in check(done.json, shapes.INGEST)}
    assert done.code == 0
    assert {path: one["status"] for path, one in records.items()} == {
        "leave.md": "added",
        "deep/pay.txt": "added",
        "broken.pdf": "failed",
    }
    assert (records["leave.md"]["label"], records["leave.md"]["label_source"]) == ("public", "front matter")
    assert (records["deep/pay.txt"]["label"], records["deep/pay.txt"]["label_source"]) == ("confidential", "default")
    assert records["broken.pdf"]["reason"]


def test_search_gives_passages(run: Run, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    found = check(run("search", "unused leave", "-k", "1", "--json").json, shapes.SEARCH)
    assert [one["path"] for one in found["passages"]] == ["leave.md"]
    assert found["query"] == "unused leave"
    assert found["timings"]["total"] > 0


def test_ask_gives_answer_route_and_receipt(run: Run, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    answer = check(run("ask", "Unused leave carries over?", "--json").json, shapes.ASK)
    assert "ten days at most" in answer["answer"]
    assert answer["citations"][0]["path"] == "leave.md"
    assert answer["route"]["zone"] == "local"
    receipt = check(run("receipts", answer["receipt"], "--json").json, shapes.RECEIPT)
    assert receipt["chat_id"] == answer["chat"]
    listed = check(run("receipts", "--json").json, shapes.RECEIPTS)
    assert listed == [receipt]


def test_ask_without_documents_says_so_in_the_same_shape(run: Run) -> None:
    answer = check(run("ask", "Anything?", "--json").json, shapes.ASK)
    assert (answer["status"], answer["passages"]) == ("refused", [])
    assert [one["code"] for one in answer["marks"]] == ["nothing_indexed"]


def test_text_gives_what_the_parser_saw(run: Run, handbook: Path) -> None:
    seen = check(run("text", handbook / "leave.md", "--json").json, shapes.TEXT_FILE)
    assert seen["format"] == "markdown"
    blocks = [seen["text"][one["start"] : one["end"]] for one in seen["blocks"]]
    assert "Unused leave carries over, ten days at most." in blocks


def test_status_lists_every_failure(run: Run, handbook: Path, home: Path) -> None:
    run("ingest", handbook, "--json")
    status = check(run("status", "--json").json, shapes.STATUS)
    assert [one["path"] for one in status["failures"]] == ["broken.pdf"]
    assert (status["home"], status["documents"], status["answers"]["kind"]) == (str(home), 2, "quotes")


def test_doctor_and_its_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRLOCK_SERVER__PASSWORD", "hunter2")
    monkeypatch.setenv("AIRLOCK_PREFER", "local")
    done = run("doctor", "--json")
    report = check(done.json, shapes.DOCTOR)
    assert done.code == 1
    assert [one["code"] for one in report["problems"]] == ["model_not_prepared"]
    listed = run("doctor", "--settings", "--json")
    rows = {one["key"]: one for one in check(listed.json, shapes.SETTINGS)}
    assert "hunter2" not in listed.out
    assert (rows["server.password"]["value"], rows["server.password"]["origin"]) == ("********", "environment")
    assert (rows["prefer"]["value"], rows["prefer"]["origin"]) == ("local", "environment")
    assert (rows["server.port"]["value"], rows["server.port"]["origin"]) == (8000, "default")


def test_label_and_sources(run: Run, handbook: Path) -> None:
    run("ingest", handbook, "--json")
    labelled = check(run("label", handbook / "deep", "internal", "--json").json, shapes.LABELLED)
    assert labelled["paths"] == ["deep/pay.txt"]
    source = check(run("sources", "--json").json, shapes.SOURCES)[0]
    assert check(run("sources", "list", "--json").json, shapes.SOURCES) == [source]
    assert (source["documents"], source["failed"], source["unlabelled"]) == (2, 1, 0)
    check(run("sources", "label", "handbook", "internal", "--json").json, shapes.SOURCE_LABELLED)
    kept = check(run("sources", "local-only", "handbook", "on", "--json").json, shapes.SOURCE_LOCAL_ONLY)
    assert kept["local_only"] is True
    removed = check(run("sources", "remove", "handbook", "--json").json, shapes.SOURCE_REMOVED)
    assert removed["removed"] == 3


def keys_of(schema: shapes.Schema) -> set[str]:
    """Every key that appears anywhere in `schema`'s objects."""
    found = set(schema.get("properties", {}))
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema[name] for name in ("items", "additionalProperties") if isinstance(schema.get(name), dict)]
    return found.union(*(keys_of(one) for one in inner)) if inner else found


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("ingest", shapes.INGEST),
        ("ask", shapes.ASK),
        ("search", shapes.SEARCH),
        ("text", shapes.TEXT_FILE),
        ("label", shapes.LABELLED),
        ("status", shapes.STATUS),
        ("doctor", shapes.DOCTOR),
        ("receipts", shapes.RECEIPT),
        ("sources", shapes.SOURCES),
        ("eval", shapes.EVAL),
        ("eval", shapes.EVAL_COMPARISON),
        ("advise", shapes.ADVICE),
        ("costs", shapes.COSTS),
        ("mask", shapes.MASK),
    ],
)
def test_the_documentation_names_every_key(heading: str, schema: shapes.Schema) -> None:
    sections = dict(re.findall(r"^### `airlock (\w+)`\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    shared = re.search(r"^## Shared objects\n(.*?)(?=^## )", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert shared is not None
    named = set(re.findall(r"`([\w@-]+)`", sections[heading] + shared[1]))
    assert keys_of(schema) - named == set()
