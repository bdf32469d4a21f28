"""A whole gateway under test: the real application, with a clock that can be moved and an SMS vendor that records."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from sqlalchemy import select

from db.accounts import AccountRow, find_account_by_mobile, insert_account, set_name
from db.engine import Database
from db.tables import audit_events
from gateway.app import create_app
from gateway.edge import Edge
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.wiring import make_database, open_state
from resolvers.auth_methods import AuthMethod
from resolvers.context import Context, Services
from resolvers.mobiles import national_form
from resolvers.names import name_key
from resolvers.outages import Outages
from resolvers.passwords import Passwords
from resolvers.ports import AvatarStore, StateStore
from resolvers.sessions import Authentication, begin_session
from resolvers.workers import WorkerPool
from tests.backends import Backend, read_records
from tests.contracts.clocks import MovableClock
from tests.contracts.state_backends import open_redis_store
from tests.doors.door import Door
from tests.doors.fakes import CountingHasher, RecordingInbox, RecordingSmsSender, ThreadPictureMaker
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.rest_door import RestDoor
from tests.time_limits import AMPLE

HOST = "gateway.test"
ADDRESS = "198.51.100.1"
UNKNOWN_PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("nobody knows it")
DOORS: dict[str, Callable[[httpx.AsyncClient], Door]] = {"graphql": GraphQLDoor, "rest": RestDoor}


@dataclass(slots=True)
class Harness:
    """The running application and what tests may touch behind it."""

    app: Edge
    settings: Settings
    services: Services
    clock: MovableClock
    sms: RecordingSmsSender
    inbox: RecordingInbox
    hasher: CountingHasher
    redis_url: str | None = None
    redis_prefix: str = ""
    _clients: list[httpx.AsyncClient] = field(default_factory=list)

    def client(
        self, *, address: str = ADDRESS, token: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.AsyncClient:
        """A browser of its own, or a native client that brings `token`."""
        authorization = {} if token is None else {"authorization": f"Bearer {token}"}
        scheme = "https" if self.settings.is_cookie_secure else "http"
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, client=(address, 50000)),
            base_url=f"{scheme}://{HOST}",
            headers=authorization | (headers or {}),
        )
        self._clients.append(client)
        return client

    def open_door(
        self, kind: str, *, address: str = ADDRESS, token: str | None = None, cookie: str | None = None
    ) -> Door:
        """Door `kind` for somebody new at `address`; nobody is signed in unless `token` or `cookie` says so."""
        client = self.client(address=address, token=token)
        if cookie is not None:
            client.cookies.set("session", cookie, domain=HOST)
        return DOORS[kind](client)

    def captcha_text(self, captcha_id: str) -> str:
        """What a person reads in the picture."""
        return self.inbox.captchas[captcha_id]

    async def make_account(self, mobile: str) -> str:
        """An account that nobody can sign in to, made without the doors; a token of its session."""
        name = national_form(mobile)
        async with self.services.database.writing() as connection:
            account = await insert_account(
                connection,
                mobile=mobile,
                name=name,
                name_key=name_key(name),
                password_hash=UNKNOWN_PASSWORD_HASH,
                created_at=self.clock(),
            )
            authentication = Authentication(AuthMethod.PASSWORD, self.clock())
            session = await begin_session(connection, account_id=account.id, authentication=authentication)
            return session.token

    async def account(self, mobile: str) -> AccountRow:
        """The account of `mobile`."""
        async with self.services.database.reading() as connection:
            row = await find_account_by_mobile(connection, mobile)
        assert row is not None
        return row

    async def rename(self, mobile: str, name: str) -> None:
        """Give an account a name that nobody may choose for himself."""
        account = await self.account(mobile)
        async with self.services.database.writing() as connection:
            await set_name(connection, account.id, name=name, name_key=name_key(name))

    def context(self, *, address: str = ADDRESS, token: str | None = None) -> Context:
        """A request that comes by no door."""
        return Context(self.services, address=address, token=token)

    async def events(self) -> list[str]:
        """What the audit trail says has happened, oldest first."""
        async with self.services.database.reading() as connection:
            found = await connection.scalars(select(audit_events.c.action).order_by(audit_events.c.id))
            return list(found)

    def graphql(self, *, address: str = ADDRESS, token: str | None = None) -> GraphQLDoor:
        """The door at which everything can be done; see `open_door`."""
        return GraphQLDoor(self.client(address=address, token=token))

    async def records(self) -> dict[str, Any]:
        """Every row about accounts, and the pictures that are kept."""
        rows: dict[str, Any] = dict(await read_records(self.services.database))
        return rows | {"pictures": sorted(await self.services.avatars.list_keys())}

    async def aclose(self) -> None:
        """Close the browsers."""
        for client in self._clients:
            await client.aclose()


@asynccontextmanager
async def open_harness(
    backend: Backend,
    database_url: str,
    directory: Path,
    *,
    has_picture_process: bool = False,
    avatars: AvatarStore | None = None,
    wrap_state: Callable[[StateStore], StateStore] = lambda store: store,
    wrap_database: Callable[[Database], Database] = lambda database: database,
    **overrides: object,
) -> AsyncIterator[Harness]:
    """Build the application as `serve` does, cheap hashes and the fakes put in, and run it.

    The wrappers put something between the resolvers and what they depend on.
    """
    cheap = {"argon2_memory_kib": 8, "argon2_passes": 1, "access_log": False}
    settings = Settings.load(
        _env_file=None, **{"data_dir": directory, "database_url": database_url} | cheap | overrides
    )
    clock, sms, inbox, outages = MovableClock(), RecordingSmsSender(), RecordingInbox(), Outages()
    hasher = CountingHasher(
        memory_cost=settings.passwords.memory_kib, time_cost=settings.passwords.passes, parallelism=1
    )
    prefix = backend.fresh_prefix()
    async with AsyncExitStack() as stack:
        database = make_database(
            settings, pool_size=settings.storage.database_pool_size, timeouts=AMPLE, watcher=outages.database
        )
        stack.push_async_callback(database.aclose)
        if backend.redis_url:
            state: StateStore = open_redis_store(backend.redis_url, clock, prefix=prefix)
            stack.push_async_callback(state.aclose)
        else:
            state = open_state(settings, database, clock, stack, timeouts=AMPLE)
        pool = WorkerPool("passwords", threads=1, queue_length=64, typical_seconds=0.03, timeout_seconds=60)
        stack.callback(pool.close)
        parts = Parts(
            clock=clock,
            timeouts=AMPLE,
            database=wrap_database(database),
            state=wrap_state(state),
            passwords=Passwords(hasher, pool),
            sms_sender=sms,
            avatars=avatars,
            inbox=inbox,
            pictures=None if has_picture_process else ThreadPictureMaker(),
            outages=outages,
        )
        app = create_app(settings, parts)
        await stack.enter_async_context(running(app))
        hasher.computations = 0
        services = app.services()
        harness = Harness(app, settings, services, clock, sms, inbox, hasher, backend.redis_url, prefix)
        stack.push_async_callback(harness.aclose)
        yield harness


@asynccontextmanager
async def running(app: Edge) -> AsyncIterator[None]:
    """The lifespan, as a server runs it."""
    to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[Any] = asyncio.Queue()
    task = asyncio.create_task(app({"type": "lifespan", "state": {}}, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    started = await from_app.get()
    assert started["type"] == "lifespan.startup.complete", started
    try:
        yield
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        stopped = await from_app.get()
        await task
        assert stopped["type"] == "lifespan.shutdown.complete", stopped
