"""What may stand in the place of what `open_services` makes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from db.engine import Database
from gateway.timeouts import Timeouts
from resolvers.context import Links
from resolvers.keys import KeyRing
from resolvers.outages import Outages
from resolvers.passwords import Passwords
from resolvers.policy import Policy
from resolvers.ports import AvatarStore, DevelopmentInbox, PictureMaker, SmsSender, StateStore
from resolvers.refunds import Refunds
from resolvers.upload_slots import UploadSlots
from resolvers.viewers import Viewers
from resolvers.workers import WorkerPool

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Every part of `Services`; one that is None is made from the settings.

    This is how tests and measurements replace a part: nothing of a module is patched. What is handed in stays with
    whoever made it, who closes it too.
    """

    clock: Clock = utc_now
    timeouts: Timeouts = Timeouts()
    database: Database | None = None
    state: StateStore | None = None
    viewers: Viewers | None = None
    passwords: Passwords | None = None
    keys: KeyRing | None = None
    sms_sender: SmsSender | None = None
    avatars: AvatarStore | None = None
    inbox: DevelopmentInbox | None = None
    pictures: PictureMaker | None = None
    upload_slots: UploadSlots | None = None
    drawing: WorkerPool | None = None
    policy: Policy | None = None
    links: Links | None = None
    outages: Outages | None = None
    refunds: Refunds | None = None
