"""Parses EPUB: the chapters in reading order, each read as the web page that it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote

from ingest.parsers import html
from ingest.parsers.nested import append
from ingest.parsers.ooxml import Package, attribute, local_name
from ingest.records import Composer, ParsedDocument
from rag.errors import TooLarge, Unreadable

MAX_CHAPTERS = 5_000
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


def parse(data: bytes, name: str) -> ParsedDocument:
    """Read the chapters that the book's spine lists.

    Raises:
        Unreadable: damaged, without chapters, or locked by its seller.
        TooLarge: a part unpacks to more than its limit, or more chapters than MAX_CHAPTERS.
    """
    package = Package(data)
    container = package.xml("META-INF/container.xml")
    if container is None:
        raise Unreadable("the file is damaged: it is no book")
    main = next((attribute(node, "full-path") for node in container.iter("{*}rootfile")), "")
    book = package.xml(main)
    if book is None:
        raise Unreadable("the file is damaged: it holds no list of chapters")
    chapters = list(_chapters(book, dirname(main)))
    if len(chapters) > MAX_CHAPTERS:
        raise TooLarge(f"the book holds {len(chapters):,} chapters; at most {MAX_CHAPTERS:,} are read")
    if _locked(package) & {chapter.lower() for chapter in chapters}:
        raise Unreadable("the book is locked with digital rights management and cannot be read")
    composer = Composer()
    missing = 0
    for chapter in chapters:
        content = package.read(chapter)
        missing += content is None
        if content is not None:
            append(composer, html.parse(content, chapter), 0)
    title = next((node.text or "" for node in book.iter("{*}title")), "").strip()
    notes = (f"{missing} of {len(chapters)} chapters are missing from the file",) if missing else ()
    return composer.finish("epub", title or composer.first_heading() or PurePath(name).stem, notes=notes)


def _chapters(book: Any, folder: str) -> Iterator[str]:
    """The parts that the spine lists, in its order."""
    items = {
        attribute(node, "id"): normpath(join(folder, unquote(attribute(node, "href"))))
        for node in book.iter("{*}item")
        if attribute(node, "media-type") in _PAGES
    }
    for node in book.iter("{*}itemref"):
        part = items.get(attribute(node, "idref"))
        if part is not None:
            yield part


def _locked(package: Package) -> set[str]:
    """The parts that are encrypted; fonts often are, without harm."""
    root = package.xml("META-INF/encryption.xml")
    nodes = root.iter() if root is not None else ()
    return {unquote(attribute(node, "URI")).lower() for node in nodes if local_name(node) == "CipherReference"}
