"""The errno table of the documented legacy API, and where each of our errors stands in it."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, Self

from resolvers.errors import AccountError, ErrorCode, RateLimitedError


class Errno(IntEnum):
    """The numbers that legacy pages compare, with the document's text for each. They never change."""

    text: str

    def __new__(cls, number: int, text: str) -> Self:
        """A number that knows its text."""
        member = int.__new__(cls, number)
        member._value_ = number
        member.text = text
        return member

    OK = 0, "成功"
    DBERR = 4001, "数据库查询错误"
    NODATA = 4002, "无数据"
    DATAEXIST = 4003, "数据已存在"
    DATAERR = 4004, "数据错误"
    SESSIONERR = 4101, "用户未登录"
    LOGINERR = 4102, "用户登录失败"
    PARAMERR = 4103, "参数错误"
    USERERR = 4104, "用户不存在或未激活"
    ROLEERR = 4105, "用户身份错误"
    PWDERR = 4106, "密码错误"
    REQERR = 4201, "非法请求或请求次数受限"
    IPERR = 4202, "IP受限"
    THIRDERR = 4301, "第三方系统错误"
    IOERR = 4302, "文件读写错误"
    SERVERERR = 4500, "内部错误"
    UNKOWNERR = 4501, "未知错误"


class Outside(NamedTuple):
    """An answer whose status is not 200, and when it is given."""

    status: int
    errno: Errno
    text: str
    when: str


OUTSIDE: Mapping[str, Outside] = {
    "UnknownPath": Outside(404, Errno.REQERR, "接口不存在", "There is no such path."),
    "WrongMethod": Outside(405, Errno.REQERR, "请求方法错误", "`Allow` names the methods that the path has."),
    "BodyTooLarge": Outside(413, Errno.PARAMERR, "请求体过大", "The body is over its limit."),
    "NoRoom": Outside(503, Errno.REQERR, "系统繁忙，请稍后再试", "Too many bodies are in flight: wait."),
}

ERRNOS: Mapping[ErrorCode, Errno] = {
    ErrorCode.INVALID_INPUT: Errno.PARAMERR,
    ErrorCode.WEAK_PASSWORD: Errno.PARAMERR,
    ErrorCode.INVALID_IMAGE: Errno.IOERR,
    ErrorCode.CAPTCHA_EXPIRED: Errno.NODATA,
    ErrorCode.CAPTCHA_WRONG: Errno.DATAERR,
    ErrorCode.SMS_CODE_EXPIRED: Errno.NODATA,
    ErrorCode.SMS_CODE_WRONG: Errno.DATAERR,
    ErrorCode.MOBILE_TAKEN: Errno.DATAEXIST,
    ErrorCode.NAME_TAKEN: Errno.DATAEXIST,
    ErrorCode.ID_NUMBER_REFUSED: Errno.DATAEXIST,
    ErrorCode.AUTH_ALREADY_SUBMITTED: Errno.DATAEXIST,
    ErrorCode.WRONG_CREDENTIALS: Errno.PWDERR,
    ErrorCode.SAME_PASSWORD: Errno.PARAMERR,
    ErrorCode.ACCOUNT_NOT_FOUND: Errno.USERERR,
    ErrorCode.UNAUTHENTICATED: Errno.SESSIONERR,
    ErrorCode.REAUTHENTICATION_REQUIRED: Errno.SESSIONERR,
    ErrorCode.SESSION_NOT_FOUND: Errno.NODATA,
    ErrorCode.CONSENT_REQUIRED: Errno.PARAMERR,
    ErrorCode.ACCOUNT_LOCKED: Errno.USERERR,
    ErrorCode.RATE_LIMITED: Errno.REQERR,
    ErrorCode.SMS_NOT_SENT: Errno.THIRDERR,
    ErrorCode.STORAGE_FAILED: Errno.THIRDERR,
    ErrorCode.SERVICE_UNAVAILABLE: Errno.DBERR,
}


def errno_of(error: AccountError) -> Errno:
    """The number for `error`; an address's limit has one of its own."""
    if isinstance(error, RateLimitedError) and error.is_address_limit:
        return Errno.IPERR
    return ERRNOS[error.code]
