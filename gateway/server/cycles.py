"""One request and its answer: what the application receives, and what becomes of what it leaves undone."""

import asyncio
from typing import Any, Final, cast

from gateway.server.uvicorn_parts import ASGI3Application, ASGIReceiveEvent, HTTPScope, HttpToolsProtocol
from gateway.server.whole_answers import WRITE_WHOLE, WholeAnswerCycle


class _NobodyWaits:
    """In the place of the event that tells of a request's next part, until somebody waits for one."""

    def set(self) -> None:
        """Tell nobody."""


_NOBODY_WAITS: Final = _NobodyWaits()


class Cycle(WholeAnswerCycle):
    """One request and its answer."""

    message_event: Any
    task: Any = None
    _arrived: bytes | bytearray = b""
    _has_news = False

    def __init__(self, protocol: HttpToolsProtocol, scope: HTTPScope, *, is_last: bool) -> None:
        super().__init__(
            scope=scope,
            transport=protocol.transport,
            flow=protocol.flow,
            logger=protocol.logger,
            access_logger=protocol.access_logger,
            access_log=False,
            default_headers=protocol.server_state.default_headers,
            message_event=cast("Any", _NOBODY_WAITS),
            # `_invite` sees to it.
            expect_100_continue=False,
            keep_alive=scope["http_version"] != "1.0" and protocol.parser.should_keep_alive() and not is_last,
            on_response=protocol.on_response_complete,
        )
        self._tasks = protocol.tasks
        self._pipeline = protocol.pipeline
        scope["extensions"] = {WRITE_WHOLE: self.write_whole}  # type: ignore[dict-item]  # not a dict, to be quick

    async def run_asgi(self, app: ASGI3Application) -> None:
        """Let `app` answer; what it leaves undone is uvicorn's business."""
        try:
            await app(self.scope, self.receive, self.send)
        except BaseException as error:  # noqa: BLE001 - handed on to uvicorn, which logs it
            await super().run_asgi(_failing(error))
        else:
            if not self.response_complete:
                await super().run_asgi(_done)
        finally:
            # Not so where the task is cancelled before it began: that is at the end of a shutdown, which has waited.
            self._tasks.discard(self.task)
            # Both lead back here; nothing is left for the garbage collector.
            self.on_response = _nothing
            self.scope.pop("extensions")

    def add(self, part: bytes) -> int:
        """A part of the body has come; how much of it waits to be received."""
        if not self._arrived:
            # Nearly always the only one, which need not be copied.
            self._arrived = part
        else:
            if isinstance(self._arrived, bytes):
                self._arrived = bytearray(self._arrived)
            self._arrived += part
        self._has_news = True
        self.message_event.set()
        return len(self._arrived)

    def end(self) -> None:
        """The body has come to its end."""
        self.more_body = False
        self._has_news = True
        self.message_event.set()

    async def receive(self) -> ASGIReceiveEvent:
        """See ASGI's `receive`."""
        # With another request behind it, this one's body is here already.
        if self.flow.read_paused and not self._pipeline and not self.response_complete:
            self.flow.resume_reading()
        while not (self._has_news or self.disconnected or self.response_complete):
            if self.message_event is _NOBODY_WAITS:
                self.message_event = asyncio.Event()
                self._invite()
            self.message_event.clear()
            await self.message_event.wait()
        if self.disconnected or self.response_complete:
            return {"type": "http.disconnect"}
        self._has_news = False
        body, self._arrived = self._arrived, b""
        return {"type": "http.request", "body": bytes(body), "more_body": self.more_body}

    def _invite(self) -> None:
        """Tell a client that waits to be asked for the body (RFC 9110, 10.1.1): only now it is known to be needed."""
        if (
            self.more_body
            and any(
                name == b"expect" and value.lower() == b"100-continue"
                for name, value in self.scope["headers"]
            )
            and self.scope["http_version"] != "1.0"
            and not (self.response_started or self.transport.is_closing())
        ):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _failing(error: BaseException) -> ASGI3Application:
    errors = [error]

    async def app(*_: object) -> None:
        # Let go of, since it leads back here by its traceback.
        raise errors.pop()

    return app


def _nothing() -> None:
    """Nobody waits for the end of an answer that has ended."""


async def _done(*_: object) -> None:
    """An application that has nothing more to say."""
