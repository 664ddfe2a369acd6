"""labels.toml: globs as in .gitignore, last match, nearest file, and errors that name the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.find import find_files
from ingest.label_files import LabelFiles, digest_of, parse_labels
from rag.errors import ConfigError
from rag.policy.labels import Label


def label(text: str, path: str) -> Label | None:
    return parse_labels(text, "labels.toml").label_of(path)


def test_a_default_speaks_for_everything() -> None:
    assert label('default = "internal"', "any/where.md") is Label.INTERNAL


def test_a_file_without_a_match_says_nothing() -> None:
    assert label('[labels]\n"*.md" = "public"', "a.txt") is None


@pytest.mark.parametrize(
    ("glob", "path", "matches"),
    [
        ("*.md", "a.md", True),
        ("*.md", "deep/down/a.md", True),
        ("/*.md", "deep/a.md", False),
        ("hr/", "hr/pay/list.docx", True),
        ("hr/**", "hr/pay/list.docx", True),
        ("public/*", "public/a.md", True),
        ("public/*", "publicity/a.md", False),
        ("**/薪資*", "人事/薪資級距.docx", True),
        ("a.md", "b/a.md", True),
        ("b/a.md", "c/b/a.md", False),
    ],
)
def test_globs_match_as_in_gitignore(glob: str, path: str, matches: bool) -> None:
    said = label(f'[labels]\n"{glob}" = "restricted"', path)
    assert said is (Label.RESTRICTED if matches else None)


def test_the_last_match_wins() -> None:
    text = '[labels]\n"*" = "restricted"\n"press/**" = "public"\n"press/draft*" = "confidential"'
    assert label(text, "board.md") is Label.RESTRICTED
    assert label(text, "press/news.md") is Label.PUBLIC
    assert label(text, "press/draft1.md") is Label.CONFIDENTIAL


def test_chinese_words_are_labels_too() -> None:
    assert label('default = "極機密"', "a.md") is Label.RESTRICTED


def test_the_nearest_file_that_speaks_wins(tmp_path: Path) -> None:
    (tmp_path / "inner" / "deep").mkdir(parents=True)
    (tmp_path / "labels.toml").write_text('default = "restricted"')
    (tmp_path / "inner" / "labels.toml").write_text('[labels]\n"*.md" = "public"')
    files = LabelFiles(tmp_path)
    assert files.label_of("inner/deep/a.md") is Label.PUBLIC
    assert files.label_of("inner/deep/a.pdf") is Label.RESTRICTED
    assert files.label_of("a.md") is Label.RESTRICTED


def test_a_folder_without_labels_says_nothing(tmp_path: Path) -> None:
    assert LabelFiles(tmp_path).label_of("a.md") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("default = public", "labels.toml: Invalid value"),
        (
            '# comment\ndefault = "geheim"',
            "labels.toml, line 2: 'default' has no known label; use public, internal",
        ),
        ('[labels]\n"*.md" = "publik"', r"line 2: '\*.md' has no known label"),
        ("default = 3", "'default' has no known label"),
        ('label = "public"', "'label' is not allowed"),
        ('[labels]\n"!a.md" = "public"', "begins with `!`"),
        ('labels = "public"', "must be a table"),
        ('[labels]\n"# x" = "public"', "matches nothing"),
    ],
)
def test_a_wrong_file_names_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_labels(text, "labels.toml")


def test_a_wrong_file_above_the_nearest_one_still_stops_its_documents(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "labels.toml").write_text("nonsense")
    (tmp_path / "inner" / "labels.toml").write_text('default = "public"')
    with pytest.raises(ConfigError):
        LabelFiles(tmp_path).label_of("inner/a.md")


def test_a_link_instead_of_a_labels_file_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text('default = "public"')
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "labels.toml").symlink_to(real)
    with pytest.raises(ConfigError, match="cannot be opened"):
        LabelFiles(tmp_path / "root").label_of("a.md")


def test_the_digest_changes_with_content_and_place(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "labels.toml").write_text('default = "public"')
    first = digest_of(find_files(tmp_path).labels)
    (tmp_path / "labels.toml").write_text('default = "internal"')
    second = digest_of(find_files(tmp_path).labels)
    (tmp_path / "labels.toml").rename(tmp_path / "a" / "labels.toml")
    third = digest_of(find_files(tmp_path).labels)
    assert len({first, second, third}) == 3
