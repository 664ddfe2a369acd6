"""The folder of papers that the proof is run over: every label, five formats, both languages, a canary in every place.

Each paper is about a thing of its own, so that a question can be aimed at it, and its texts come from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rag.policy.labels import Label
from tests.ingest.samples import make_docx, make_pdf, make_zip, word_paragraph
from tests.proof.search import Canary

_ENGLISH_WORDS = (
    "amber basin copper delta ember fjord garnet harbour island juniper kelp lantern meadow nickel orchard "
    "pebble quarry ripple saffron timber umber velvet willow xenon yarrow zinc anvil birch cedar dune elm "
    "flint gorge hazel iron jade knoll larch moss needle opal pine quartz reed slate thistle urn vine wharf "
    "yew "
)
_CHINESE = (
    "山河湖海風雨雷電雲霧霜雪松竹梅蘭金木水火土石沙岩春夏秋冬晨昏"
    "星月燈橋塔樓門窗書畫琴棋茶酒糖鹽稻麥豆瓜桃李杏梨馬鹿鶴雁"
)
_THINGS = ("valve", "pump", "relay", "crane", "turbine", "ledger", "furnace", "beacon", "sluice", "gantry")
_CHINESE_THINGS = ("閥門", "水泵", "繼電器", "吊車", "渦輪", "帳冊", "熔爐", "燈塔", "水閘", "支架")

UNLABELLED = "unlabelled"
FOLDERS: dict[str, Label | None] = {
    "public": Label.PUBLIC,
    "toggled": Label.PUBLIC,
    "inner": Label.INTERNAL,
    "secret": Label.CONFIDENTIAL,
    "sealed": Label.RESTRICTED,
    UNLABELLED: None,
}
_COUNTS = {"public": 16, "toggled": 10, "inner": 6, "secret": 16, "sealed": 6, UNLABELLED: 6}
_FORMATS = ("md", "txt", "html", "docx", "pdf")


@dataclass(frozen=True, slots=True)
class Paper:
    """One document: where it lies, what it is about, what to ask, and the canaries in it."""

    path: str
    folder: str
    chinese: bool
    thing: str
    question: str
    answer: str
    sentence: str
    title: str
    author: str
    heading: str

    @property
    def stem(self) -> str:
        """The file's name without its ending, a canary too."""
        return Path(self.path).stem

    @property
    def canaries(self) -> tuple[Canary, ...]:
        """What of this paper must not be seen outside while it is secret."""
        texts = {
            "token": self.answer, "sentence": self.sentence, "file name": self.stem, "title": self.title,
            "author": self.author, "heading": self.heading,
        }  # fmt: skip
        return tuple(Canary(self.path, kind, text) for kind, text in texts.items())

    @property
    def secret(self) -> bool:
        """Whether its label keeps it here from the start."""
        return self.folder not in ("public", "toggled")


def make_papers(seed: int = 7) -> tuple[Paper, ...]:
    """The papers, the same for the same seed."""
    rng = random.Random(seed)
    names = rng.sample(_ENGLISH_WORDS.split(), 40), rng.sample(_CHINESE, 50)
    papers = []
    for folder, count in _COUNTS.items():
        for number in range(count):
            chinese = number % 2 == 1
            ending = _FORMATS[number // 2 % (4 if chinese else 5)]
            papers.append(_make(rng, len(papers), folder, chinese, ending, names))
    return tuple(papers)


def _make(
    rng: random.Random, at: int, folder: str, chinese: bool, ending: str, names: tuple[list[str], list[str]]
) -> Paper:
    def code(word: str) -> str:
        return f"{word}-{rng.getrandbits(40):010x}"

    if chinese:
        thing = names[1][at % 50] + names[1][(at * 7 + 11 + at // 50) % 50] + _CHINESE_THINGS[at % 10]
        return Paper(
            path=f"{folder}/{thing}檔{rng.getrandbits(24):06x}.{ending}", folder=folder, chinese=True, thing=thing,
            question=f"{thing}的扭力上限是多少？", answer="".join(rng.sample(_CHINESE, 8)),
            sentence="".join(rng.choices(_CHINESE, k=26)) + "。", title=thing + "題" + "".join(rng.sample(_CHINESE, 6)),
            author="".join(rng.sample(_CHINESE, 7)), heading="".join(rng.sample(_CHINESE, 8)),
        )  # fmt: skip
    thing = f"{names[0][at % 40]} {names[0][(at * 7 + 11 + at // 40) % 40]} {_THINGS[(at + at // 40) % 10]}"
    return Paper(
        path=f"{folder}/{code('file')}.{ending}", folder=folder, chinese=False, thing=thing,
        question=f"What is the torque limit of the {thing}?", answer=code("limit"),
        sentence=" ".join(rng.choices(_ENGLISH_WORDS.split(), k=18)).capitalize() + ".",
        title=f"{thing} {code('title')}",
        author=code("author"), heading=code("heading"),
    )  # fmt: skip


def write_papers(papers: Iterable[Paper], folder: Path) -> None:
    """Write the files, and the labels.toml that says how sensitive each folder is."""
    for paper in papers:
        file = folder / paper.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(render(paper))
    lines = [f'"{name}/**" = "{label.word}"' for name, label in FOLDERS.items() if label is not None]
    (folder / "labels.toml").write_text("[labels]\n" + "\n".join(lines) + "\n", "utf-8")


def render(paper: Paper) -> bytes:
    """The file's bytes."""
    body = _body(paper)
    match Path(paper.path).suffix:
        case ".md":
            front = f"---\ntitle: {paper.title}\nauthor: {paper.author}\n---\n"
            return (front + f"# {paper.heading}\n\n" + "\n\n".join(body) + "\n").encode()
        case ".html":
            paragraphs = "".join(f"<p>{line}</p>" for line in body)
            head = f'<meta charset="utf-8"><title>{paper.title}</title><meta name="author" content="{paper.author}">'
            return f"<html><head>{head}</head><body><h1>{paper.heading}</h1>{paragraphs}</body></html>".encode()
        case ".docx":
            return _docx(paper, body)
        case ".pdf":
            return make_pdf([[paper.heading, *(part for line in body for part in _fold(line))]], title=paper.title)
        case _:
            return ("\n".join((paper.title, paper.heading, *body)) + "\n").encode()


def _body(paper: Paper) -> list[str]:
    if paper.chinese:
        return [f"{paper.thing}的扭力上限是{paper.answer}。", f"關於{paper.thing}：{paper.sentence}"]
    return [f"The torque limit of the {paper.thing} is {paper.answer}.", f"On the {paper.thing}: {paper.sentence}"]


def _docx(paper: Paper, body: list[str]) -> bytes:
    import io
    import zipfile

    plain = make_docx("".join(word_paragraph(line) for line in (paper.heading, *body)))
    with zipfile.ZipFile(io.BytesIO(plain)) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    files["docProps/core.xml"] = (
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{paper.title}</dc:title><dc:creator>{paper.author}</dc:creator></cp:coreProperties>"
    )
    return make_zip(files)


def _fold(line: str, width: int = 90) -> list[str]:
    import textwrap

    return textwrap.wrap(line, width) or [line]
