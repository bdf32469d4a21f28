"""What a resolver is given: the services of the process, and the facts of one request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from db.engine import Connection, Database, DatabaseUnavailableError
from resolvers.accounts import Account, account_of
from resolvers.actors import UNNAMED_VISITOR, Actor, Operator, OperatorRequiredError
from resolvers.auth_methods import AuthMethod
from resolvers.errors import (
    AccountError,
    RateLimitedError,
    ServiceUnavailableError,
    invalid_input,
    unauthenticated,
)
from resolvers.keys import KeyRing
from resolvers.limits import DAY_SECONDS, Consumption, Limit
from resolvers.messages import Reason
from resolvers.outages import Outages
from resolvers.passwords import Passwords
from resolvers.policy import Policy
from resolvers.ports import AvatarStore, DevelopmentInbox, PictureMaker, SmsSender, StateStore
from resolvers.refunds import Refunds, Undo
from resolvers.sessions import Authentication, IssuedSession, hash_token, is_due_for_renewal
from resolvers.upload_slots import UploadSlots
from resolvers.viewers import Viewers, renew
from resolvers.workers import WorkerPool


@dataclass(frozen=True, slots=True)
class Links:
    """Where a client finds what is served beside the two doors; relative without a public URL."""

    public_url: str = ""
    is_captcha_spoken: bool = False

    def avatar_url(self, key: str | None) -> str | None:
        """The address of a picture."""
        return f"{self.public_url}/avatars/{key}.webp" if key else None

    def captcha_audio_url(self, captcha_id: str) -> str | None:
        """The address of a captcha's spoken form; None while the sound is off."""
        return f"{self.public_url}/captchas/{captcha_id}.wav" if self.is_captcha_spoken else None


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that lives as long as the process; built once, in `gateway/wiring.py`."""

    database: Database
    state: StateStore
    viewers: Viewers
    passwords: Passwords
    keys: KeyRing
    sms_sender: SmsSender
    avatars: AvatarStore
    inbox: DevelopmentInbox | None
    pictures: PictureMaker
    upload_slots: UploadSlots
    drawing: WorkerPool
    clock: Callable[[], datetime]
    policy: Policy
    links: Links
    outages: Outages
    refunds: Refunds
    notices: set[asyncio.Task[None]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who sends an upload: the account that holds a place for it, or why that one has none; nobody for a stranger."""

    account_id: int | None = None
    refusal: RateLimitedError | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is an account's."""
        return self.account_id is not None


def _no_device() -> str | None:
    return None


@dataclass(slots=True)
class Context:
    """One request. `address` is what limits count (an IPv4 address or an IPv6 /64), `token` what the client brought.

    `is_bearer` tells that the token came by `Authorization`, so that a fresh one for the same session goes into the
    body. `actor` is who does it: somebody at a door, or an operator, whom nobody becomes by what a request says.

    `find_device_token` reads the device token that the client has brought, which few requests need to know.

    `issued`, `issued_device` and `is_signed_out` are what resolvers did, for the gateway to tell the client. Where
    `takes_cookies` is off it tells nothing by cookie: the request comes from an app's origin, or from a page that keeps
    its own secret. `uploader` is who was found before the body of an upload was taken in.
    """

    services: Services
    address: str = "unknown"
    request_id: str = ""
    actor: Actor = UNNAMED_VISITOR
    token: str | None = None
    is_bearer: bool = False
    takes_cookies: bool = True
    find_device_token: Callable[[], str | None] = _no_device
    issued: IssuedSession | None = None
    issued_device: str | None = None
    is_signed_out: bool = False
    retry_after_seconds: int = 0
    uploader: Uploader | None = None
    _authenticated: Account | None = None
    _seen: Account | None = None

    @property
    def now(self) -> datetime:
        """The time, aware UTC."""
        return self.services.clock()

    def reading(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for reads."""
        return _available(self.services.database.reading)

    def reporting(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for an operator's report, which may read for minutes."""
        return _available(self.services.database.reporting)

    def writing(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction; it belongs to the resolver that opened it."""
        return _available(self.services.database.writing)

    def consuming(self) -> Consumption:
        """A fresh account of what this attempt uses up."""
        services = self.services
        return Consumption(services.state, services.keys, services.refunds, services.clock)

    def state_key(self, kind: str, subject: str) -> str:
        """See `KeyRing.state_key`."""
        return self.services.keys.state_key(kind, subject)

    @asynccontextmanager
    async def limited(
        self, limit: Limit, subject: str, *, judged: tuple[type[AccountError], ...] = ()
    ) -> AsyncIterator[None]:
        """Count what the block does against `limit`, before it is done.

        Where it fails nothing is used up, unless it fails with one of `judged`: then it was an attempt all the same.

        Raises:
            RateLimitedError: the block is not entered.
        """
        async with self.consuming() as consumption:
            await consumption.use(limit, subject)
            try:
                yield
            except judged:
                consumption.stand()
                raise

    async def viewer(self) -> Account | None:
        """The signed-in account, read now; None when nobody is signed in."""
        if self._authenticated:
            return self._authenticated
        token_hash = hash_token(self.token) if self.token else None
        if token_hash is None:
            return None
        try:
            session = await self.services.viewers.find(token_hash)
            if session is None:
                return None
            now = self.services.clock()
            if is_due_for_renewal(session, now):
                await renew(self.services.database, session, now)
        except DatabaseUnavailableError as error:
            raise ServiceUnavailableError("database") from error
        self._seen = account_of(session.account)
        return self._seen

    async def require_viewer(self) -> Account:
        """The signed-in account.

        Raises:
            RefusedError: UNAUTHENTICATED.
        """
        viewer = await self.viewer()
        if viewer is None:
            raise unauthenticated()
        return viewer

    async def require_seen_viewer(self) -> Account:
        """The signed-in account as this request has read it before; read now where it has not.

        For what hangs on an account that the request has just been given.

        Raises:
            RefusedError: UNAUTHENTICATED.
        """
        return self._authenticated or self._seen or await self.require_viewer()

    def authentication(self, method: AuthMethod) -> Authentication:
        """A proof that the client has given just now."""
        return Authentication(method, self.now, self.actor.user_agent, self.address)

    def require_operator(self) -> Operator:
        """Who runs the installation; asked first by whatever only operators may do.

        Raises:
            OperatorRequiredError: somebody else is calling.
        """
        if not isinstance(self.actor, Operator):
            raise OperatorRequiredError
        return self.actor

    def require_cookies(self) -> None:
        """See to it that a session which is to be delivered by cookie arrives; asked before anything is judged.

        Raises:
            InputError: INVALID_INPUT, for `token_delivery`.
        """
        if not self.takes_cookies:
            raise invalid_input(Reason.COOKIES_NOT_TAKEN, "token_delivery")

    async def forget(self, account: Account, **undos: Undo) -> None:
        """Take out of the state store what a commit has made void: now, or as soon as the store answers.

        What is committed is done, so that nothing here fails. Each is named for what it forgets.
        """
        expires_at = self.now + timedelta(seconds=DAY_SECONDS)
        for name, undo in undos.items():
            key = f"{name} {account.id}"
            self.services.refunds.owe_deed(self.services.state, key, undo, expires_at=expires_at)
        await self.services.refunds.settle()

    def authenticate_as(self, account: Account) -> None:
        """Serve the rest of this request for `account`, which has just proved its password; no session begins."""
        self._authenticated = account

    def start_session(self, session: IssuedSession, account: Account) -> None:
        """From here on the client is in `session` of `account`."""
        self.issued = session
        self.token = session.token
        self.is_signed_out = False
        self._authenticated = None
        self._seen = account

    def deliver_in_body(self) -> None:
        """What has been issued goes into the answer's body; the gateway must not make cookies of it."""
        self.issued = None
        self.issued_device = None

    def end_session(self) -> None:
        """From here on the client is signed out."""
        self.issued = None
        self.token = None
        self.is_signed_out = True
        self._authenticated = None
        self._seen = None


@asynccontextmanager
async def _available(
    connect: Callable[[], AbstractAsyncContextManager[Connection]],
) -> AsyncIterator[Connection]:
    try:
        async with connect() as connection:
            yield connection
    except DatabaseUnavailableError as error:
        raise ServiceUnavailableError("database") from error
