"""Health: whether the process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse

from db.engine import DatabaseUnavailableError
from resolvers.context import Context, Services
from resolvers.ports import StateStoreError

PROBE_SECONDS = 1.0


async def healthz(request: Request) -> JSONResponse:
    """200 as long as the event loop turns."""
    del request
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> JSONResponse:
    """200 when the database and the state store answer within a second, else 503 naming which do not."""
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
