"""What a person is told of what happened to the account: the newest events of its trail, in words of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.audit import AuditRow, list_audit_events
from resolvers.context import Context
from resolvers.events import EventKind
from resolvers.masking import mask_address
from resolvers.messages import Language

SHOWN = 50

EVENT_TEXTS: Final[Mapping[EventKind, tuple[str, str]]] = {
    EventKind.REGISTERED: ("The account was registered.", "注册了账号"),
    EventKind.SIGNED_IN: ("Somebody signed in.", "登录成功"),
    EventKind.SIGN_IN_FAILED: ("A sign-in failed: the password was wrong.", "登录失败：密码错误"),
    EventKind.SIGN_IN_LIMITED: ("Sign-in was paused after too many attempts.", "登录尝试过多，已暂停登录"),
    EventKind.SIGN_IN_LOCKED: ("A sign-in was refused: the account was locked.", "登录被拒绝：账号已锁定"),
    EventKind.SIGNED_OUT: ("Somebody signed out.", "退出登录"),
    EventKind.PASSWORD_CHANGED: ("The password was changed.", "修改密码"),
    EventKind.PASSWORD_RESET: ("The password was reset by an SMS code.", "通过短信验证码重置密码"),
    EventKind.REAUTHENTICATED: ("Somebody confirmed once more who is signed in.", "再次验证身份"),
    EventKind.REAUTHENTICATION_FAILED: (
        "A confirmation failed: the password was wrong.",
        "再次验证身份时密码错误",
    ),
    EventKind.REAUTHENTICATION_LIMITED: (
        "Confirmation was paused after too many attempts in one session.",
        "再次验证身份错误次数过多",
    ),
    EventKind.SMS_LIMITED: ("Too many SMS codes were asked for.", "短信验证码请求过于频繁"),
    EventKind.RENAMED: ("The name was changed.", "修改了用户名"),
    EventKind.AVATAR_CHANGED: ("The picture was changed.", "更换了头像"),
    EventKind.REAL_NAME_SUBMITTED: ("The real-name record was submitted.", "提交了实名信息"),
    EventKind.REAL_NAME_REFUSED: ("A real-name record was refused.", "实名信息未通过"),
    EventKind.REAL_NAME_LIMITED: ("Too many ID numbers were tried.", "身份证号尝试次数过多"),
    EventKind.CONSENTED: ("The terms were agreed to.", "同意了条款"),
    EventKind.NEW_DEVICE: ("Somebody signed in on a new device.", "在新设备上登录"),
    EventKind.SESSION_REVOKED: ("One of the sessions was ended.", "结束了一个登录会话"),
    EventKind.OTHER_SESSIONS_REVOKED: ("All other sessions were ended.", "结束了其他所有登录会话"),
    EventKind.OPERATOR_LOCKED: ("The account was locked by the operator.", "运营方锁定了账号"),
    EventKind.OPERATOR_UNLOCKED: ("The account was unlocked by the operator.", "运营方解锁了账号"),
    EventKind.OPERATOR_SIGNED_OUT: ("All sessions were ended by the operator.", "运营方结束了所有登录会话"),
    EventKind.OPERATOR_REQUIRED_RESET: (
        "The operator made the password void; a new one has to be chosen.",
        "运营方已作废密码，需要重新设置",
    ),
    EventKind.OPERATOR_LIFTED_LIMITS: (
        "Limits and pauses were lifted by the operator.",
        "运营方解除了次数限制",
    ),
    EventKind.OPERATOR_RESET_IDENTITY: (
        "The real-name record was deleted by the operator.",
        "运营方删除了实名信息",
    ),
    EventKind.OPERATOR_EXPORTED: ("The operator exported the account's data.", "运营方导出了账号数据"),
    EventKind.OPERATOR_ERASED: ("The account was erased by the operator.", "运营方删除了账号"),
}
"""In English and in Chinese; of each kind there is one."""


@dataclass(frozen=True, slots=True)
class SecurityEvent:
    """One event. Who acted, maybe a stranger, is told by the start of the address and by the device alone."""

    kind: EventKind
    at: datetime
    address: str | None
    user_agent: str

    def message(self, language: Language) -> str:
        """The sentence for a person, in `language`."""
        english, chinese = EVENT_TEXTS[self.kind]
        return chinese if language == "zh" else english


async def list_own_events(ctx: Context) -> list[SecurityEvent]:
    """The newest 50 events of the viewer's account, newest first; none of a kind that only a newer version knows.

    Raises:
        RefusedError: UNAUTHENTICATED.
    """
    viewer = await ctx.require_seen_viewer()
    async with ctx.reading() as connection:
        rows = await list_audit_events(connection, viewer.id, limit=SHOWN)
    return [_event_of(row) for row in reversed(rows) if row.action in set(EventKind)]


def _event_of(row: AuditRow) -> SecurityEvent:
    return SecurityEvent(EventKind(row.action), row.at, mask_address(row.address), row.user_agent)
