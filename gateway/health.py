"""Health: whether the process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from db.engine import DatabaseUnavailableError
from gateway.draining import Drain
from resolvers.context import Context, Services
from resolvers.ports import StateStoreError


async def healthz(request: Request) -> JSONResponse:
    """200 as long as the event loop turns."""
    del request
    return JSONResponse({"status": "ok"})


class Readiness:
    """200 when the database and the state store answer in time, else 503 naming which do not.

    503 too while the process is about to end, so that nobody sends it anything new.
    """

    def __init__(self, drain: Drain, probe_seconds: float) -> None:
        self._drain = drain
        self._probe_seconds = probe_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await (await self._judge(Request(scope)))(scope, receive, send)

    async def _judge(self, request: Request) -> JSONResponse:
        if self._drain.is_on:
            return JSONResponse({"status": "stopping"}, status_code=503)
        ctx: Context = request.state.context
        checks = await probe(ctx.services, self._probe_seconds)
        is_ready = all(state == "ok" for state in checks.values())
        return JSONResponse(
            {"status": "ok" if is_ready else "unavailable", "checks": checks},
            status_code=200 if is_ready else 503,
        )


async def probe(services: Services, seconds: float) -> dict[str, str]:
    """`ok` or `unavailable` for each dependency, each of which has so many seconds."""
    pings = (services.database.ping, services.state.ping)
    states = await asyncio.gather(*(_probe(ping, seconds) for ping in pings))
    return dict(zip(("database", "state_store"), states, strict=True))


async def _probe(ping: Callable[[], Awaitable[None]], seconds: float) -> str:
    try:
        await asyncio.wait_for(ping(), seconds)
    except (DatabaseUnavailableError, StateStoreError, TimeoutError):
        return "unavailable"
    return "ok"
