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

PROBE_SECONDS = 1.0


async def healthz(request: Request) -> JSONResponse:
    """200 as long as the event loop turns."""
    del request
    return JSONResponse({"status": "ok"})


class Readiness:
    """200 when the database and the state store answer within a second, else 503 naming which do not.

    503 too while the process is about to end, so that nobody sends it anything new.
    """

    def __init__(self, drain: Drain) -> None:
        self._drain = drain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        await (await self._judge(Request(scope)))(scope, receive, send)

    async def _judge(self, request: Request) -> JSONResponse:
        if self._drain.is_on:
            return JSONResponse({"status": "stopping"}, status_code=503)
        ctx: Context = request.state.context
        checks = await probe(ctx.services)
        is_ready = all(state == "ok" for state in checks.values())
        return JSONResponse(
            {"status": "ok" if is_ready else "unavailable", "checks": checks},
            status_code=200 if is_ready else 503,
        )


async def probe(services: Services) -> dict[str, str]:
    """`ok` or `unavailable` for each dependency."""
    states = await asyncio.gather(_probe(services.database.ping), _probe(services.state.ping))
    return dict(zip(("database", "state_store"), states, strict=True))


async def _probe(ping: Callable[[], Awaitable[None]]) -> str:
    try:
        await asyncio.wait_for(ping(), PROBE_SECONDS)
    except (DatabaseUnavailableError, StateStoreError, TimeoutError):
        return "unavailable"
    return "ok"
