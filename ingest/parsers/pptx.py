"""Parses PPTX: each slide a page with its title, texts and tables in order, then its notes and embedded files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath, PurePosixPath
from typing import Any

from ingest.parsers.nested import Inside
from ingest.parsers.ooxml import Package, attribute, core_title, local_name
from ingest.records import BlockKind, Composer, ParsedDocument
from rag.errors import TooLarge, Unreadable

MAX_SLIDES = 5_000
_SKIPPED_PLACEHOLDERS = frozenset(("sldNum", "dt", "ftr", "hdr", "sldImg"))
_DROPPED = frozenset(("Fallback", "extLst", "nvPr", "spPr", "rPr", "pPr"))


def parse(data: bytes, name: str, inside: Inside) -> ParsedDocument:
    """Read the slides of `data` in the order they are shown; hidden ones are read and noted.

    Raises:
        Unreadable: damaged, or not a presentation.
        TooLarge: a part unpacks to more than its limit, or more slides than MAX_SLIDES.
    """
    package = Package(data)
    main = next(iter(package.related("").get("officeDocument", [])), "ppt/presentation.xml")
    show = package.xml(main)
    if show is None:
        raise Unreadable("the file is damaged: it holds no presentation")
    parts = {link: path for link, _, path in package.links(main)}
    slides = [parts[link] for link in _slide_links(show) if link in parts]
    if len(slides) > MAX_SLIDES:
        raise TooLarge(f"the file holds {len(slides):,} slides; at most {MAX_SLIDES:,} are read")
    composer = Composer()
    hidden = []
    for page, part in enumerate(slides, start=1):
        slide = package.xml(part)
        if slide is not None:
            _add_slide(composer, package, part, slide, page, inside)
            hidden += [page] if attribute(slide, "show") in ("0", "false") else []
    notes = (f"hidden slides, read too: {', '.join(map(str, hidden[:20]))}",) if hidden else ()
    title = core_title(package)
    title = composer.first_heading() if not title or title == "PowerPoint Presentation" else title
    return composer.finish(
        "pptx",
        title or PurePath(name).stem,
        pages=len(slides),
        front_matter=inside.front_matter,
        notes=(*notes, *inside.notes),
    )


def _slide_links(show: Any) -> Iterator[str]:
    """The ids of the links to the slides, in the order of the presentation."""
    for node in show.iter("{*}sldId"):
        yield next((str(value) for key, value in node.attrib.items() if key.endswith("}id")), "")


def _add_slide(composer: Composer, package: Package, part: str, slide: Any, page: int, inside: Inside) -> None:
    shapes = list(_shapes(slide))
    titles = [shape for shape in shapes if _placeholder(shape) in ("title", "ctrTitle")]
    for shape in titles:
        composer.add(BlockKind.HEADING, " ".join("\n".join(_paragraphs(shape)).split()), page=page, level=1)
    for shape in shapes:
        if shape not in titles:
            _add_shape(composer, shape, page)
    related = package.related(part)
    for diagram in related.get("diagramData", []):
        root = package.xml(diagram)
        if root is not None:
            composer.add(BlockKind.LIST, "\n".join(f"- {text}" for text in _paragraphs(root)), page=page)
    for notes in related.get("notesSlide", []):
        root = package.xml(notes)
        for shape in _shapes(root) if root is not None else ():
            if _placeholder(shape) not in _SKIPPED_PLACEHOLDERS:
                composer.add(BlockKind.PARAGRAPH, "\n".join(_paragraphs(shape)), page=page)
    for embedded in related.get("package", []):
        content = package.read(embedded)
        if content is not None:
            inside.add(composer, content, PurePosixPath(embedded).name, what="embedded file", page=page)


def _shapes(node: Any) -> Iterator[Any]:
    """Shapes and tables in document order, through groups."""
    stack = [node]
    while stack:
        one = stack.pop()
        if local_name(one) in ("sp", "tbl"):
            yield one
        elif local_name(one) not in _DROPPED:
            stack.extend(reversed(one))


def _placeholder(shape: Any) -> str:
    """The kind of placeholder that `shape` fills, such as `title`; empty where it fills none."""
    node = next(shape.iter("{*}ph"), None)
    return "" if node is None else attribute(node, "type")


def _is_written_date(shape: Any) -> bool:
    """Whether a date's place holds words that somebody wrote, and not the date that every slide shows."""
    return _placeholder(shape) == "dt" and any(True for _ in shape.iter("{*}r"))


def _add_shape(composer: Composer, shape: Any, page: int) -> None:
    if local_name(shape) == "tbl":
        rows = [
            [" ".join(" ".join(_paragraphs(cell)).split()) for cell in row.iter("{*}tc")] for row in shape.iter("{*}tr")
        ]
        composer.add(BlockKind.TABLE, "\n".join(" | ".join(row) for row in rows if any(row)), page=page)
    elif _placeholder(shape) not in _SKIPPED_PLACEHOLDERS or _is_written_date(shape):
        paragraphs = list(_paragraphs(shape))
        many = len(paragraphs) > 1
        lines = [f"- {line}" for line in paragraphs] if many else paragraphs
        composer.add(BlockKind.LIST if many else BlockKind.PARAGRAPH, "\n".join(lines), page=page)


def _paragraphs(node: Any) -> Iterator[str]:
    """Each paragraph's words as one line, empty ones left out."""
    for paragraph in node.iter("{*}p"):
        runs = paragraph.iter("{*}t", "{*}br", "{*}tab")
        text = " ".join("".join((one.text or "") if local_name(one) == "t" else " " for one in runs).split())
        if text:
            yield text
