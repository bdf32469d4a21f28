"""The one place that builds objects: from settings to services, closed again in reverse."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

from adapters.avatar_store import FileAvatarStore
from adapters.outbox import FileOutbox
from adapters.picture_process import ProcessPictureMaker
from adapters.redis_client import open_redis
from adapters.redis_state_store import RedisStateStore
from adapters.sms.console import ConsoleSmsSender
from adapters.sql_avatar_store import SqlAvatarStore
from adapters.sql_state_store import SqlStateStore
from adapters.watched import WatchedAvatarStore, WatchedSmsSender
from db.engine import Database
from gateway.settings import Settings
from resolvers.context import Links, Services
from resolvers.keys import KeyRing
from resolvers.limits import Limits, scaled
from resolvers.outages import Outage, Outages
from resolvers.passwords import Passwords, make_hasher
from resolvers.policy import Policy
from resolvers.ports import AvatarStore, SmsSender, StateStore
from resolvers.sms_notices import finish_notices
from resolvers.upload_slots import UploadSlots
from resolvers.viewers import CoalescedViewers
from resolvers.workers import WorkerPool

Clock = Callable[[], datetime]
ServicesFactory = Callable[[Settings], AbstractAsyncContextManager[Services]]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def open_services(
    settings: Settings, *, clock: Clock = utc_now, sms_sender: SmsSender | None = None
) -> AsyncIterator[Services]:
    """Everything that a process needs. Tests hand in a clock and a sender of their own."""
    async with AsyncExitStack() as stack:
        outages = Outages()
        database = Database(
            settings.database, pool_size=settings.storage.database_pool_size, watcher=outages.database
        )
        stack.push_async_callback(database.aclose)
        state = await open_state(settings, database, clock, stack, outage=outages.state_store)
        outbox = None if settings.is_production else FileOutbox(settings.outbox_path)
        sender = sms_sender or _make_sms_sender(settings)
        stack.push_async_callback(sender.aclose)
        viewers = CoalescedViewers(database, clock)
        stack.push_async_callback(viewers.aclose)
        pictures = ProcessPictureMaker()
        stack.push_async_callback(pictures.aclose)
        services = Services(
            database=database,
            state=state,
            viewers=viewers,
            passwords=_make_passwords(settings, stack),
            keys=make_key_ring(settings),
            sms_sender=WatchedSmsSender(sender, outages.sms_vendor),
            avatars=WatchedAvatarStore(make_avatar_store(settings, database), outages.avatar_store),
            outbox=outbox,
            pictures=pictures,
            upload_slots=UploadSlots(),
            drawing=_open_pool(stack, "drawing", threads=1, queue_length=64, typical_seconds=0.005),
            clock=clock,
            policy=policy_of(settings),
            links=Links(settings.installation.public_url, is_captcha_spoken=settings.policy.captcha_audio),
            outages=outages,
        )
        stack.push_async_callback(services.refunds.aclose)
        stack.push_async_callback(finish_notices, services.notices)
        yield services


def policy_of(settings: Settings) -> Policy:
    """What the settings say about the rules."""
    scale = settings.policy.limits_scale
    return Policy(
        limits=scaled(Limits(), scale),
        sms_daily_ceiling=settings.sms.daily_ceiling * scale,
        sms_country_codes=frozenset(settings.sms.country_codes),
        dry_guards=frozenset(settings.sms.dry_guards),
        audit_days=settings.policy.audit_days,
        sudo_seconds=settings.policy.sudo_seconds,
        sms_sign_in=settings.sms.sign_in,
        sms_code_digits=settings.sms.code_digits,
    )


def make_key_ring(settings: Settings) -> KeyRing:
    """The installation's keys."""
    secrets = settings.installation.parse_secret_keys()
    return KeyRing(secrets, next(iter(secrets)))


async def open_state(
    settings: Settings,
    database: Database,
    clock: Clock,
    stack: AsyncExitStack,
    *,
    outage: Outage | None = None,
) -> StateStore:
    """Where short-lived state is kept; `stack` closes it."""
    if settings.storage.redis_url is not None:
        client = open_redis(settings.storage.redis_url.get_secret_value())
        store: StateStore = RedisStateStore(client, clock, outage=outage)
        stack.push_async_callback(store.aclose)
        return store
    if database.is_sqlite:
        # A pool of its own, whose commits need not wait for the disk: a power cut may cost a captcha, no account.
        database = Database(
            settings.database, pool_size=4, durable=False, beside=database, watcher=database.watcher
        )
        stack.push_async_callback(database.aclose)
    return SqlStateStore(database, clock)


def _make_passwords(settings: Settings, stack: AsyncExitStack) -> Passwords:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # One core is left to the event loop.
    threads = max(1, cores - 1)
    pool = _open_pool(stack, "passwords", threads=threads, queue_length=64 * threads, typical_seconds=0.03)
    hasher = make_hasher(
        memory_kib=settings.passwords.memory_kib,
        passes=settings.passwords.passes,
        lanes=settings.passwords.lanes,
    )
    return Passwords(hasher, pool)


def _open_pool(
    stack: AsyncExitStack, name: str, *, threads: int, queue_length: int, typical_seconds: float
) -> WorkerPool:
    pool = WorkerPool(name, threads=threads, queue_length=queue_length, typical_seconds=typical_seconds)
    stack.callback(pool.close)
    return pool


def _make_sms_sender(settings: Settings) -> SmsSender:
    if settings.sms.sender == "console":
        return ConsoleSmsSender(FileOutbox(settings.outbox_path))
    # The vendors' HTTP client costs time and memory that only who uses it should pay.
    from gateway.senders import make_vendor_sender  # noqa: PLC0415

    return make_vendor_sender(settings)


def make_avatar_store(settings: Settings, database: Database) -> AvatarStore:
    """Where pictures are kept."""
    if settings.keeps_avatars_in_files:
        return FileAvatarStore(settings.avatars_path)
    return SqlAvatarStore(database)
