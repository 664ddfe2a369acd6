"""Parses PDF page by page in reading order. Renders nothing and opens nothing outside the bytes it is
given."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

from ingest.parsers.detect import NEEDS_OCR
from ingest.records import BlockKind, Composer, ParsedDocument, is_wide, join_lines, readable
from rag.errors import TooLarge, Unreadable

MAX_PAGES = 20_000
_SENTENCE_END = re.compile(r"[。！？!?；;:：.][」』”’\")）]*$")
_HYPHEN = re.compile(r"[a-z]-$")
_JUNK_TITLE = re.compile(
    r"^(untitled|microsoft word|microsoft powerpoint|print|document\d*)\b|\.(docx?|pptx?|indd|tex|dvi)$", re.I
)


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read the text layer of `data`.

    Raises:
        Unreadable: damaged, locked with a password, or without any text (a scan).
        TooLarge: more pages than MAX_PAGES or more characters than MAX_CHARACTERS.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        raise Unreadable(_explain(error)) from None
    pages = len(document)
    if pages > MAX_PAGES:
        raise TooLarge(f"the PDF has {pages:,} pages; at most {MAX_PAGES:,} are read")
    composer = Composer()
    damaged, textless = [], []
    for index in range(pages):
        lines = _page_lines(document, index)
        if lines is None:
            damaged.append(index + 1)
        elif not lines:
            textless.append(index + 1)
        for paragraph in _paragraphs(lines or []):
            composer.add(BlockKind.PARAGRAPH, paragraph, page=index + 1)
    if composer.empty:
        raise Unreadable(_why_empty(document, pages, len(damaged)))
    title = _title(document) or PurePath(name).stem
    notes = (
        *_note(damaged, "could not be read"),
        *_note(textless, "without text (a scan needs OCR, which is not done)"),
    )
    return composer.finish("pdf", title, pages=pages, notes=notes)


def _explain(error: Exception) -> str:
    if getattr(error, "err_code", None) == 4:  # FPDF_ERR_PASSWORD
        return "the PDF is locked with a password; save a copy without it and ingest that"
    return "the PDF is damaged and could not be opened"


def _page_lines(document: Any, index: int) -> list[str] | None:
    """The lines of one page, or None where it is damaged: one bad page must not take the others with it."""
    import pypdfium2

    try:
        page = document[index]
        text_page = page.get_textpage()
        text = text_page.get_text_range(errors="replace")
        text_page.close()
        page.close()
    except (pypdfium2.PdfiumError, AssertionError, ValueError):
        return None
    # PDFium marks a hyphen at a line's end with U+FFFE and a missing character with U+FFFF or NUL.
    text = re.sub("[\ufffe\x02]\r?\n?", "", text).replace("\ufffd", "")
    return [line for line in readable(text).split("\n") if line.strip()]


def _paragraphs(lines: list[str]) -> list[str]:
    """Join lines that run on; a line that ends a sentence or stops well short of the margin ends a paragraph.

    Widths are counted in half-width columns, since a CJK character is as wide as two Latin ones.
    """
    widths = [_width(line) for line in lines]
    margin = sorted(widths)[int(len(widths) * 0.9)] if widths else 0
    paragraphs: list[list[str]] = []
    run_on = False
    for line, width in zip(lines, widths, strict=True):
        if run_on and _HYPHEN.search(paragraphs[-1][-1]) and line.lstrip()[:1].islower():
            word, _, rest = line.lstrip().partition(" ")
            paragraphs[-1][-1] = paragraphs[-1][-1][:-1] + word
            line = rest
        elif not run_on:
            paragraphs.append([])
        paragraphs[-1].append(line)
        run_on = width >= 0.75 * margin and width > 24 and not _SENTENCE_END.search(line.rstrip())
    return _group([join_lines(paragraph) for paragraph in paragraphs])


def _group(paragraphs: list[str]) -> list[str]:
    """Put short neighbours (headings, table rows, list items) into one block, a line each."""
    groups: list[list[str]] = []
    for paragraph in paragraphs:
        if groups and sum(map(len, groups[-1])) + len(paragraph) < 600:
            groups[-1].append(paragraph)
        else:
            groups.append([paragraph])
    return ["\n".join(group) for group in groups]


def _width(line: str) -> int:
    return sum(2 if is_wide(character) else 1 for character in line.strip())


def _why_empty(document: Any, pages: int, damaged: int) -> str:
    if damaged == pages:
        return "the PDF is damaged: none of its pages could be read"
    if _has_image(document, pages):
        return f"the PDF is a scan without a text layer; it {NEEDS_OCR}"
    return "the PDF holds no text"


def _has_image(document: Any, pages: int) -> bool:
    import pypdfium2
    from pypdfium2 import raw

    for index in range(min(pages, 5)):
        try:
            objects = document[index].get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
            if next(iter(objects), None) is not None:
                return True
        except pypdfium2.PdfiumError:
            continue
    return False


def _note(numbers: list[int], what: str) -> tuple[str, ...]:
    if not numbers:
        return ()
    shown = ", ".join(map(str, numbers[:10])) + (" …" if len(numbers) > 10 else "")
    return (f"{'page' if len(numbers) == 1 else 'pages'} {shown} {what}",)


def _title(document: Any) -> str:
    title = readable(document.get_metadata_value("Title") or "").strip()
    return "" if len(title) < 3 or _JUNK_TITLE.search(title) else title
