"""Leaks by fallback, retry and redirect: each model made to fail in every way, at every stage."""

from __future__ import annotations

from functools import partial

from rag.events import Found, Progressed, Routed, Token
from rag.records import Zone
from tests.fakes.cloud_server import Scenario
from tests.fakes.ollama_server import FakeModel
from tests.proof.leak_path import LeakPath
from tests.proof.servers import LOCAL_MODEL
from tests.proof.workbench import Bench, require

ELSEWHERE = "http://203.0.113.9/v1/chat/completions"
LOCAL_FAULTS = {
    "error": "an error line after HTTP 200",
    "error-first": "an error line before any text",
    "cut": "its connection cut in the middle",
    "cut-json": "a line cut in the middle",
    "no-done": "no last line",
    "500": "HTTP 500",
    "memory": "too little memory",
    "hang": "silence",
    "length": "its context full",
    "redirect": "a redirect to another host",
}
KILLED_AT = {"found": Found, "routed": Routed, "progress": Progressed, "token": Token}
CLOUD_FAULTS = {
    "429": Scenario(status=429, code="rate_limit_exceeded", retry_after=1),
    "500": Scenario(status=500, code="internal_error"),
    "503": Scenario(status=503, code="overloaded"),
    "401": Scenario(status=401, code="invalid_api_key"),
    "400": Scenario(status=400, code="bad_request"),
    "timeout": Scenario("late", before_first=4),
    "cut": Scenario("This answer never ends", cut_after=2),
    "cut at once": Scenario("nothing", cut_after=0),
    "filter": Scenario("Well, ", finish="content_filter"),
    "length": Scenario("This answer is far too long", finish="length"),
    "garbage": Scenario(raw=b"data: {broken\n\n"),
}


def local_fault(bench: Bench, fault: str) -> None:
    bench.local.become(FakeModel(LOCAL_MODEL, fault=fault))
    for number in range(2):
        asked = bench.local.chats
        paper = bench.paper("secret", number)
        turn = bench.ask(paper.question)
        require(paper.path in turn.paths, "the confidential paper was not found")
        require(bench.local.chats > asked, "the local model was not asked")
        require(turn.zone is Zone.LOCAL, "it was not answered here")


def killed(bench: Bench, event: type) -> None:
    load = 1.8 if event is Progressed else 0.0  # so long that loading is worth telling
    bench.local.become(FakeModel(LOCAL_MODEL, pause=0.02, load_seconds=load))
    try:
        turn = bench.ask(bench.paper("secret").question, on={event: bench.local.kill})
        require(any(isinstance(one, event) for one in turn.events), "the event did not come")
        require(turn.zone is Zone.LOCAL, "it was not answered here")
        again = bench.ask(bench.paper("secret", 1).question)
        require(again.answerer == "quotes", "a dead model answered")
    finally:
        bench.local.revive()


def never_there(bench: Bench) -> None:
    bench.local.kill()
    try:
        for number in range(3):
            require(bench.ask(bench.paper("secret", number).question).zone is Zone.LOCAL, "it was not answered here")
    finally:
        bench.local.revive()


def cloud_fault(bench: Bench, fault: str) -> None:
    bench.cloud.behave(CLOUD_FAULTS[fault])
    bench.ask(bench.paper("public").question)
    arrived = bench.check()
    require(arrived.count(b"POST /v1/chat/completions") == 1, "the cloud was not asked exactly once")
    bench.ask(bench.paper("secret").question)
    bench.ask(bench.paper("toggled").question, prefer=Zone.LOCAL)
    require(not bench.check(), "something was sent for an answer written here")


def cloud_redirects(bench: Bench, status: int) -> None:
    bench.cloud.behave(Scenario(status=status, location=ELSEWHERE))
    turn = bench.ask(bench.paper("public").question)
    require(b"POST" in bench.check(), "the cloud was not asked")
    require(turn.zone is not Zone.CLOUD or not turn.done or not turn.done.text, "a redirect was answered")


def both_fail(bench: Bench) -> None:
    bench.cloud.behave(CLOUD_FAULTS["500"])
    bench.local.become(FakeModel(LOCAL_MODEL, fault="500"))
    require(bench.ask(bench.paper("public").question).answerer == "quotes", "the chain did not end with extracts")
    bench.ask(bench.paper("secret").question)


def cloud_dies_then_secret(bench: Bench) -> None:
    """After a failed answer by the cloud, the same conversation turns confidential and then public again."""
    bench.cloud.behave(CLOUD_FAULTS["cut"])
    first = bench.ask(bench.paper("public").question)
    require(b"POST" in bench.check(), "the cloud was not asked")
    bench.cloud.behave()
    bench.ask(bench.paper("secret").question, first.chat)
    bench.ask(bench.paper("public", 1).question, first.chat)
    require(not bench.check(), "a confidential conversation was sent")


PATHS = (
    *(
        LeakPath(f"local-{fault}", f"Fallback: the local model answers with {what}", partial(local_fault, fault=fault))
        for fault, what in LOCAL_FAULTS.items()
    ),
    *(
        LeakPath(f"killed-{name}", f"Fallback: Ollama killed at the event `{name}`", partial(killed, event=event))
        for name, event in KILLED_AT.items()
    ),
    LeakPath("no-ollama", "Fallback: no local model at all", never_there),
    *(
        LeakPath(
            f"cloud-{fault}",
            f"Retry: the cloud fails ({fault}); asked once, nothing else",
            partial(cloud_fault, fault=fault),
        )
        for fault in CLOUD_FAULTS
    ),
    *(
        LeakPath(f"redirect-{status}", f"The cloud redirects ({status})", partial(cloud_redirects, status=status))
        for status in (301, 302, 303, 307, 308)
    ),
    LeakPath("both-fail", "Fallback: both models fail", both_fail),
    LeakPath("fault-then-secret", "A failed answer by the cloud, then a confidential question", cloud_dies_then_secret),
)
