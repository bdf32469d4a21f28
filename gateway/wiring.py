"""The one place that builds objects: from settings to services, closed again in reverse."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.avatar_store import FileAvatarStore
from adapters.development_inbox import FileInbox
from adapters.picture_process import ProcessPictureMaker
from adapters.redis_client import open_redis
from adapters.redis_state_store import RedisStateStore
from adapters.sms.console import ConsoleSmsSender
from adapters.sql_avatar_store import SqlAvatarStore
from adapters.sql_state_store import SqlStateStore
from adapters.watched import WatchedAvatarStore, WatchedSmsSender
from db.engine import Database, Watcher
from gateway.parts import Clock, Parts
from gateway.settings import Settings
from gateway.timeouts import Timeouts
from resolvers.context import Links, Services
from resolvers.keys import KeyRing
from resolvers.limits import Limits, scaled
from resolvers.outages import Outages
from resolvers.passwords import Passwords, make_hasher
from resolvers.policy import Document, Policy
from resolvers.ports import AvatarStore, PictureMaker, SmsSender, StateStore
from resolvers.refunds import Refunds
from resolvers.sms_notices import finish_notices
from resolvers.upload_slots import UploadSlots
from resolvers.viewers import READERS, CoalescedViewers, StandingSessionReader, Viewers
from resolvers.wait_budget import waiting
from resolvers.workers import WorkerPool


@asynccontextmanager
async def open_services(settings: Settings, parts: Parts = Parts()) -> AsyncIterator[Services]:
    """Everything that a process needs; what `parts` has of it is taken from there."""
    clock, timeouts = parts.clock, parts.timeouts
    async with AsyncExitStack() as stack:
        outages = parts.outages or Outages()
        database = parts.database or _open_own_database(settings, stack, timeouts, outages.database)
        sender = parts.sms_sender or _open_sms_sender(settings, stack, timeouts)
        avatars = parts.avatars or make_avatar_store(settings, database)
        refunds = parts.refunds or Refunds(clock, settle_seconds=timeouts.refund_seconds)
        services = Services(
            database=database,
            state=parts.state
            or open_state(settings, database, clock, stack, timeouts=timeouts, watcher=outages.state_store),
            viewers=parts.viewers or _open_viewers(database, clock, stack, timeouts),
            passwords=parts.passwords or _make_passwords(settings, stack, timeouts),
            keys=parts.keys or make_key_ring(settings),
            sms_sender=WatchedSmsSender(sender, outages.sms_vendor),
            avatars=WatchedAvatarStore(avatars, outages.avatar_store),
            inbox=parts.inbox or _make_inbox(settings),
            pictures=parts.pictures or _open_pictures(stack, timeouts),
            upload_slots=parts.upload_slots or UploadSlots(),
            drawing=parts.drawing or _open_drawing(stack, timeouts),
            clock=clock,
            policy=parts.policy or policy_of(settings),
            links=parts.links or _make_links(settings),
            outages=outages,
            refunds=refunds,
        )
        if parts.refunds is None:
            stack.push_async_callback(refunds.aclose)
        stack.push_async_callback(finish_notices, services.notices, timeouts.notices_seconds)
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
        consents=tuple(Document(*entry.split("=")) for entry in settings.policy.consents),
        new_device_notice=settings.policy.new_device_notice,
        sms_code_digits=settings.sms.code_digits,
    )


def make_key_ring(settings: Settings) -> KeyRing:
    """The installation's keys."""
    secrets = settings.installation.parse_secret_keys()
    return KeyRing(secrets, next(iter(secrets)))


def make_database(
    settings: Settings,
    *,
    pool_size: int,
    timeouts: Timeouts = Timeouts(),
    watcher: Watcher | None = None,
    beside: Database | None = None,
) -> Database:
    """The database; whoever asks for it closes it. Beside another one its commits need not wait for the disk."""
    return Database(
        settings.database,
        timeout_seconds=timeouts.database_seconds,
        limit=waiting,
        pool_size=pool_size,
        durable=beside is None,
        beside=beside,
        watcher=watcher,
    )


def open_state(
    settings: Settings,
    database: Database,
    clock: Clock,
    stack: AsyncExitStack,
    *,
    timeouts: Timeouts = Timeouts(),
    watcher: Watcher | None = None,
) -> StateStore:
    """Where short-lived state is kept; `stack` closes it."""
    if settings.storage.redis_url is not None:
        client = open_redis(
            settings.storage.redis_url.get_secret_value(),
            node_seconds=timeouts.redis_node_seconds,
            sentinel_seconds=timeouts.redis_sentinel_seconds,
        )
        stack.push_async_callback(client.aclose)
        return RedisStateStore(client, clock, timeout_seconds=timeouts.state_store_seconds, watcher=watcher)
    if database.is_sqlite:
        # A pool of its own: a power cut may cost a captcha, no account.
        database = make_database(
            settings, pool_size=4, timeouts=timeouts, watcher=database.watcher, beside=database
        )
        stack.push_async_callback(database.aclose)
    return SqlStateStore(database, clock, timeout_seconds=timeouts.state_store_seconds)


def make_avatar_store(settings: Settings, database: Database) -> AvatarStore:
    """Where pictures are kept."""
    if settings.keeps_avatars_in_files:
        return FileAvatarStore(settings.avatars_path)
    return SqlAvatarStore(database)


def _open_own_database(
    settings: Settings, stack: AsyncExitStack, timeouts: Timeouts, watcher: Watcher
) -> Database:
    database = make_database(
        settings, pool_size=settings.storage.database_pool_size, timeouts=timeouts, watcher=watcher
    )
    stack.push_async_callback(database.aclose)
    return database


def _open_viewers(database: Database, clock: Clock, stack: AsyncExitStack, timeouts: Timeouts) -> Viewers:
    viewers = CoalescedViewers(
        [StandingSessionReader(database) for _ in range(READERS)],
        clock,
        timeout_seconds=timeouts.database_seconds,
        slow_read_seconds=timeouts.slow_read_seconds,
    )
    stack.push_async_callback(viewers.aclose)
    return viewers


def _make_passwords(settings: Settings, stack: AsyncExitStack, timeouts: Timeouts) -> Passwords:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    # One core is left to the event loop.
    threads = max(1, cores - 1)
    pool = WorkerPool(
        "passwords",
        threads=threads,
        queue_length=64 * threads,
        typical_seconds=0.03,
        timeout_seconds=timeouts.hashing_seconds,
    )
    stack.callback(pool.close)
    hasher = make_hasher(
        memory_kib=settings.passwords.memory_kib,
        passes=settings.passwords.passes,
        lanes=settings.passwords.lanes,
    )
    return Passwords(hasher, pool)


def _open_drawing(stack: AsyncExitStack, timeouts: Timeouts) -> WorkerPool:
    pool = WorkerPool(
        "drawing",
        threads=1,
        queue_length=64,
        typical_seconds=0.005,
        timeout_seconds=timeouts.drawing_seconds,
    )
    stack.callback(pool.close)
    return pool


def _open_pictures(stack: AsyncExitStack, timeouts: Timeouts) -> PictureMaker:
    pictures = ProcessPictureMaker(
        picture_seconds=timeouts.picture_seconds,
        start_seconds=timeouts.picture_start_seconds,
        end_seconds=timeouts.picture_end_seconds,
    )
    stack.push_async_callback(pictures.aclose)
    return pictures


def _make_inbox(settings: Settings) -> FileInbox | None:
    return None if settings.is_production else FileInbox(settings.inbox_path)


def _open_sms_sender(settings: Settings, stack: AsyncExitStack, timeouts: Timeouts) -> SmsSender:
    if settings.sms.sender == "console":
        return ConsoleSmsSender(FileInbox(settings.inbox_path))
    # The vendors' HTTP client costs time and memory that only who uses it should pay.
    from gateway.senders import make_vendor_sender  # noqa: PLC0415

    sender = make_vendor_sender(settings, timeouts.sms_vendor_seconds)
    stack.push_async_callback(sender.aclose)
    return sender


def _make_links(settings: Settings) -> Links:
    return Links(settings.installation.public_url, is_captcha_spoken=settings.policy.captcha_audio)
