"""Small documents in every format that is read, made here byte by byte so that each test shows what it reads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def make_docx(body: str, parts: Mapping[str, str] | None = None, *, xml_head: str = "") -> bytes:
    """A Word document with `body` inside w:body; `parts` are further parts by name, such as styles or numbering."""
    parts = dict(parts or {})
    kinds = {"styles": "styles", "numbering": "numbering", "header1": "header", "footnotes": "footnotes"}
    links = "".join(
        f'<Relationship Id="r{kind}" Type="{_OFFICE}/{kinds[kind]}" Target="{kind}.xml"/>' for kind in parts
    )
    files = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r" Type="{_OFFICE}/officeDocument"'
        ' Target="word/document.xml"/></Relationships>',
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
        "word/document.xml": f"{xml_head}<w:document {WORD}><w:body>{body}</w:body></w:document>",
        **{f"word/{name}.xml": content for name, content in parts.items()},
    }
    return make_zip(files)


def make_zip(files: Mapping[str, str | bytes]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def word_paragraph(text: str, *, style: str = "", numbered: str = "") -> str:
    """One paragraph; `style` is a style id, `numbered` a numId."""
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    if numbered:
        properties += f'<w:numPr><w:ilvl w:val="0"/><w:numId w:val="{numbered}"/></w:numPr>'
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def word_table(rows: Sequence[Sequence[str]]) -> str:
    """A table; each cell is the XML of its content."""
    cells = ["".join(f"<w:tc>{cell}</w:tc>" for cell in row) for row in rows]
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


STYLES = (
    f"<w:styles {WORD}>"
    '<w:style w:styleId="1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="2"><w:name w:val="heading 2"/></w:style>'
    '<w:style w:styleId="House"><w:name w:val="House style"/><w:basedOn w:val="2"/></w:style>'
    '<w:style w:styleId="T"><w:name w:val="Title"/></w:style></w:styles>'
)


def make_pdf(pages: Sequence[Sequence[str]], *, image_on: Sequence[int] = (), title: str = "") -> bytes:
    """A PDF whose pages hold these lines in Helvetica, top to bottom; pages of `image_on` (from 0) hold a picture."""
    objects: list[bytes] = [b"", b""]
    kids = []
    for number, lines in enumerate(pages):
        text = " ".join(f"({_escape(line)}) Tj T*" for line in lines)
        content = f"BT /F1 12 Tf 14 TL 72 720 Td {text} ET"
        resources = "/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        if number in image_on:
            content += " q 400 0 0 400 72 100 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \xff EI Q"
        stream = content.encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R"
            f" /Resources << {resources} >> >>".encode()
        )
        kids.append(f"{len(objects)} 0 R")
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    objects.append(f"<< /Title ({_escape(title)}) >>".encode())
    return _write_pdf(objects)


def _write_pdf(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        start,
    )
    return bytes(out)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _packaged(main: str, kind: str, files: Mapping[str, str | bytes], links: str) -> bytes:
    """An Office file whose main part is `main`; `links` are that part's relationships."""
    folder, _, name = main.rpartition("/")
    return make_zip(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="r" Type="{_OFFICE}/{kind}"'
            f' Target="{main}"/></Relationships>',
            f"{folder}/_rels/{name}.rels": f'<Relationships xmlns="{_PACKAGE}">{links}</Relationships>',
            **files,
        }
    )


def make_xlsx(sheets: Mapping[str, Sequence[Sequence[str]]], *, hidden: Sequence[str] = ()) -> bytes:
    """A workbook of text cells; the sheets of `hidden` are hidden."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    listed, links, files = "", "", {}
    for number, (name, rows) in enumerate(sheets.items(), 1):
        state = ' state="hidden"' if name in hidden else ""
        listed += f'<sheet name="{name}" sheetId="{number}"{state} r:id="s{number}"/>'
        links += f'<Relationship Id="s{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        cells = "".join(
            f'<row r="{at}">'
            + "".join(
                f'<c r="{chr(65 + column)}{at}" t="inlineStr"><is><t>{text}</t></is></c>'
                for column, text in enumerate(row)
            )
            + "</row>"
            for at, row in enumerate(rows, 1)
        )
        files[f"xl/worksheets/sheet{number}.xml"] = (
            f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'
        )
    book = f'<workbook xmlns="{space}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>'
    return _packaged("xl/workbook.xml", "officeDocument", {"xl/workbook.xml": book, **files}, links)


def make_pptx(slides: Sequence[tuple[str, str]], *, notes: str = "") -> bytes:
    """Slides of a title and a text; `notes` belong to the first."""
    p, a = "urn:p", "http://schemas.openxmlformats.org/drawingml/2006/main"
    p = "http://schemas.openxmlformats.org/presentationml/2006/main"
    listed, links, files = "", "", {}

    def shape(text: str, place: str) -> str:
        return (
            f"<p:sp><p:nvSpPr><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p>"
            "</p:txBody></p:sp>"
        )

    def page(kind: str, shapes: str) -> str:
        return f'<p:{kind} xmlns:p="{p}" xmlns:a="{a}"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:{kind}>'

    for number, (title, text) in enumerate(slides, 1):
        listed += f'<p:sldId id="{255 + number}" r:id="s{number}"/>'
        links += f'<Relationship Id="s{number}" Type="{_OFFICE}/slide" Target="slides/slide{number}.xml"/>'
        files[f"ppt/slides/slide{number}.xml"] = page("sld", shape(title, '<p:ph type="title"/>') + shape(text, ""))
    if notes:
        files["ppt/slides/_rels/slide1.xml.rels"] = (
            f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="n" Type="{_OFFICE}/notesSlide"'
            ' Target="../notesSlides/notesSlide1.xml"/></Relationships>'
        )
        files["ppt/notesSlides/notesSlide1.xml"] = page("notes", shape(notes, '<p:ph type="body"/>'))
    show = f'<p:presentation xmlns:p="{p}" xmlns:r="{_OFFICE}"><p:sldIdLst>{listed}</p:sldIdLst></p:presentation>'
    return _packaged("ppt/presentation.xml", "officeDocument", {"ppt/presentation.xml": show, **files}, links)


def make_epub(chapters: Sequence[str]) -> bytes:
    """A book whose chapters are web pages with these bodies."""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n, _ in enumerate(chapters)
    )
    order = "".join(f'<itemref idref="c{n}"/>' for n, _ in enumerate(chapters))
    return make_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="o/book.opf"/></rootfiles></container>',
            "o/book.opf": '<package xmlns="http://www.idpf.org/2007/opf"><metadata'
            ' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Book</dc:title></metadata>'
            f"<manifest>{items}</manifest><spine>{order}</spine></package>",
            **{f"o/c{n}.xhtml": f"<html><body>{body}</body></html>" for n, body in enumerate(chapters)},
        }
    )


def make_odt(body: str) -> bytes:
    """An OpenDocument text with `body` inside office:text."""
    o, t = "urn:oasis:names:tc:opendocument:xmlns:office:1.0", "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
    return make_zip(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f'<office:document-content xmlns:office="{o}" xmlns:text="{t}"><office:body><office:text>'
            f"{body}</office:text></office:body></office:document-content>",
        }
    )
