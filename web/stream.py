"""One answer as server-sent events: a thread runs it, the event loop sends it, leaving cancels it.

Never decides anything about the answer; closing the connection or asking to stop cancels its one token.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rag.cancel import Cancel
from rag.events import Asked, Event
from rag.records import QuestionId
from web.problems import describe
from web.shapes import Json, event_shape

KEEP_ALIVE_SECONDS = 15.0
Start = Callable[[Cancel], Iterator[Event]]
_Frame = bytes | Exception | None


class Running:
    """The answers being written right now, so that one can be stopped from elsewhere. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancels: dict[QuestionId, Cancel] = {}
        self._threads: dict[int, tuple[threading.Thread, Cancel]] = {}

    def name(self, question: QuestionId, cancel: Cancel) -> None:
        """Make `question`'s answer stoppable by its id."""
        with self._lock:
            self._cancels[question] = cancel

    def stop(self, question: QuestionId) -> bool:
        """Stop `question`'s answer; False when none is being written."""
        with self._lock:
            cancel = self._cancels.get(question)
        if cancel is None:
            return False
        cancel.cancel()
        return True

    def start(self, work: Callable[[], None], cancel: Cancel) -> None:
        """Run `work` in a thread of its own until it ends; `cancel` is what stops it."""

        def run() -> None:
            try:
                work()
            finally:
                self._forget(cancel)

        thread = threading.Thread(target=run, name="answer", daemon=True)
        with self._lock:
            self._threads[id(cancel)] = (thread, cancel)
        thread.start()

    def close(self, seconds: float = 3.0) -> None:
        """Stop every answer and wait until what came of it is saved, `seconds` at most for each."""
        with self._lock:
            running = list(self._threads.values())
        for _, cancel in running:
            cancel.cancel()
        for thread, _ in running:
            thread.join(seconds)

    def _forget(self, cancel: Cancel) -> None:
        with self._lock:
            self._threads.pop(id(cancel), None)
            self._cancels = {question: held for question, held in self._cancels.items() if held is not cancel}


class AnswerStream(Response):
    """Streams the events that `start` yields.

    An error before the first event is raised, so that it becomes an ordinary problem with its own status; a
    later one is sent as a `problem` event. `question` names the answer from the start where it is known.
    """

    media_type = "text/event-stream"

    def __init__(self, start: Start, running: Running, question: QuestionId | None = None) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._start = start
        self._running = running
        self._question = question

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; returns as soon as the client leaves, while the thread saves what came."""
        cancel = Cancel()
        if self._question is not None:
            self._running.name(self._question, cancel)
        frames: asyncio.Queue[_Frame] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(frame: _Frame) -> None:
            with suppress(RuntimeError):  # the loop closed: nobody listens any more
                loop.call_soon_threadsafe(frames.put_nowait, frame)

        self._running.start(lambda: self._pump(cancel, put), cancel)
        sender = asyncio.create_task(self._send_frames(frames, send))
        leaver = asyncio.create_task(_wait_for_leaving(receive))
        try:
            await asyncio.wait((sender, leaver), return_when=asyncio.FIRST_COMPLETED)
            if sender.done():
                sender.result()
        finally:
            if not sender.done() or sender.cancelled() or sender.exception() is not None:
                cancel.cancel()
            for task in (sender, leaver):
                task.cancel()
            await asyncio.gather(sender, leaver, return_exceptions=True)

    def _pump(self, cancel: Cancel, put: Callable[[_Frame], None]) -> None:
        """Run the answer to its end, in its own thread, whether or not somebody still listens."""
        try:
            for event in self._start(cancel):
                if isinstance(event, Asked):
                    self._running.name(event.question_id, cancel)
                put(encode(*event_shape(event)))
        except Exception as error:
            put(error)
        put(None)

    async def _send_frames(self, frames: asyncio.Queue[_Frame], send: Send) -> None:
        frame = await frames.get()
        if isinstance(frame, Exception):
            raise frame
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while frame is not None:
            body = encode("problem", describe(frame)) if isinstance(frame, Exception) else frame
            await send({"type": "http.response.body", "body": body, "more_body": True})
            try:
                frame = await asyncio.wait_for(frames.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                frame = b": still here\n\n"
        await send({"type": "http.response.body", "body": b""})


def encode(name: str, data: Json) -> bytes:
    """One server-sent event. JSON escapes line ends, so the data is always one line."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


async def _wait_for_leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
