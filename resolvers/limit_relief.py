"""What is counted against a mobile or an address, and how an operator lifts it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from db.accounts import AccountRow, find_account_by_mobile
from resolvers.address_blocks import address_subject, blocks_of
from resolvers.context import Context
from resolvers.events import EventKind, record_event
from resolvers.limits import Limit, Limits, limit_key
from resolvers.mobiles import parse_mobile
from resolvers.sign_in_guard import find_pause_seconds, forget_sign_ins


@dataclass(frozen=True, slots=True)
class LimitUse:
    """How much of a limit a subject has used in the window that runs."""

    action: str
    subject: str
    used: int
    maximum: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class LimitReport:
    """The limits of which something is used, and for how long sign-in pauses for the mobile."""

    uses: list[LimitUse]
    sign_in_pause_seconds: int


@dataclass(frozen=True, slots=True)
class _Limited:
    """A mobile with its account, or an address as limits count it."""

    mobile: str = ""
    account: AccountRow | None = None
    address: str = ""

    def subjects_of(self, limit: Limit) -> Iterator[tuple[str, int]]:
        """Under which names `limit` counts it, each with its maximum."""
        match limit.subject:
            case "mobile" if self.mobile:
                yield self.mobile, limit.maximum
            case "account" if self.mobile:
                # Where nobody is signed in, an account is known by its mobile.
                yield self.mobile, limit.maximum
                if self.account is not None:
                    yield str(self.account.id), limit.maximum
            case "address" if self.address:
                for block, factor in blocks_of(self.address):
                    yield block, limit.maximum * factor


async def show_limits(ctx: Context, *, subject: str) -> LimitReport:
    """What is counted against `subject`, a mobile or an address.

    Raises:
        InputError: INVALID_INPUT for what is neither; so does `lift_limits`.
    """
    ctx.require_operator()
    limited = await _find(ctx, subject)
    uses = []
    for limit in _limits_of(ctx.services.policy.limits):
        for name, maximum in limited.subjects_of(limit):
            kept = await ctx.services.state.get(limit_key(ctx.services.keys, limit, name))
            if kept is not None and int(kept) > 0:
                uses.append(LimitUse(limit.action, limit.subject, int(kept), maximum, limit.window_seconds))
    pause_seconds = await find_pause_seconds(ctx, limited.mobile) if limited.mobile else 0
    return LimitReport(uses, pause_seconds)


async def lift_limits(ctx: Context, *, subject: str) -> int:
    """Forget what is counted against `subject`, and end its pause; how many limits were in use.

    An address of IPv6 is lifted with the blocks that it is in. It is audited before anything is forgotten.
    """
    report = await show_limits(ctx, subject=subject)
    limited = await _find(ctx, subject)
    async with ctx.writing() as connection:
        await record_event(
            ctx,
            connection,
            EventKind.OPERATOR_LIFTED_LIMITS,
            account_id=limited.account.id if limited.account else None,
            mobile=limited.mobile,
            detail=limited.address,
        )
    for limit in _limits_of(ctx.services.policy.limits):
        for name, _ in limited.subjects_of(limit):
            await ctx.services.state.delete(limit_key(ctx.services.keys, limit, name))
    if limited.mobile:
        await forget_sign_ins(ctx, limited.mobile)
    return len(report.uses)


async def _find(ctx: Context, subject: str) -> _Limited:
    address = address_subject(subject.partition("/")[0])
    if address is not None:
        return _Limited(address=address)
    mobile = parse_mobile(subject)
    async with ctx.reading() as connection:
        return _Limited(mobile=mobile, account=await find_account_by_mobile(connection, mobile))


def _limits_of(limits: Limits) -> Iterator[Limit]:
    for field in fields(limits):
        value = getattr(limits, field.name)
        yield from value if isinstance(value, tuple) else (value,)
