"""Notices: an SMS that tells the owner of an account what was done to it. It never holds the deed up."""

import asyncio
from contextvars import Context as TaskContext

import structlog

from resolvers.accounts import Account
from resolvers.context import Context
from resolvers.errors import AccountError, ServiceUnavailableError
from resolvers.masking import mask_mobile
from resolvers.messages import SmsNotice, notice_message_of
from resolvers.metrics import SMS_MESSAGES
from resolvers.mobiles import language_of
from resolvers.ports import SmsMessage, SmsSenderError

_log = structlog.get_logger(__name__)


def notify(ctx: Context, account: Account, notice: SmsNotice) -> None:
    """Send `notice` to the account's mobile, in the background; called after the commit of what it tells.

    At most three a day an account, two of them of new devices, and a tenth of the installation's ceiling
    besides what that leaves to codes. One that the vendor does not take is lost, and counts for nothing.
    """
    # In a context of its own: it must not use up the time of the request.
    loop = asyncio.get_running_loop()
    task = loop.create_task(_send(ctx, account, notice), name="notice", context=TaskContext())
    ctx.services.notices.add(task)
    task.add_done_callback(ctx.services.notices.discard)


async def finish_notices(notices: set[asyncio.Task[None]], seconds: float) -> None:
    """Let the notices under way end, for at most so many seconds."""
    if notices:
        await asyncio.wait(notices, timeout=seconds)


async def _send(ctx: Context, account: Account, notice: SmsNotice) -> None:
    try:
        async with ctx.consuming() as consumption:
            limits = ctx.services.policy.limits
            if notice is SmsNotice.NEW_DEVICE:
                await consumption.use(limits.new_device_notice, str(account.id))
            await consumption.use(limits.notice, str(account.id))
            await consumption.use(ctx.services.policy.notice_ceiling, "all")
            text = notice_message_of(notice, language_of(account.mobile))
            await ctx.services.sms_sender.send(SmsMessage(account.mobile, notice, "", text))
    except (AccountError, ServiceUnavailableError, SmsSenderError) as error:
        SMS_MESSAGES.labels("notice-failed").inc()
        _log.warning(
            "sms.notice_failed",
            notice=notice,
            mobile=mask_mobile(account.mobile),
            cause=type(error).__name__,
        )
        return
    SMS_MESSAGES.labels("notice").inc()
