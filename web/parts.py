"""What the routes are handed: the wired Airlock and the page's own parts. Holds no state of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment

from rag.wiring import Airlock
from web.guards import Guard
from web.jobs import IngestJobs
from web.security import Csrf
from web.session import Sessions, Throttle
from web.stream import Running


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything a route may use. `sessions` is None when no password is set."""

    airlock: Airlock
    running: Running
    jobs: IngestJobs
    csrf: Csrf
    sessions: Sessions | None
    throttle: Throttle
    templates: Environment
    strings: Mapping[str, Mapping[str, str]]
    guards: tuple[Guard, ...]
