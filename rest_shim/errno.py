"""The errno table of the documented legacy API, and where each of our errors stands in it."""

from collections.abc import Mapping
from enum import IntEnum

from resolvers.errors import AccountError, ErrorCode, RateLimitedError


class Errno(IntEnum):
    """The numbers that legacy pages compare. They never change."""

    OK = 0
    DBERR = 4001
    NODATA = 4002
    DATAEXIST = 4003
    DATAERR = 4004
    SESSIONERR = 4101
    LOGINERR = 4102
    PARAMERR = 4103
    USERERR = 4104
    ROLEERR = 4105
    PWDERR = 4106
    REQERR = 4201
    IPERR = 4202
    THIRDERR = 4301
    IOERR = 4302
    SERVERERR = 4500
    UNKOWNERR = 4501


TEXTS: Mapping[Errno, str] = {
    Errno.OK: "成功",
    Errno.DBERR: "数据库查询错误",
    Errno.NODATA: "无数据",
    Errno.DATAEXIST: "数据已存在",
    Errno.DATAERR: "数据错误",
    Errno.SESSIONERR: "用户未登录",
    Errno.LOGINERR: "用户登录失败",
    Errno.PARAMERR: "参数错误",
    Errno.USERERR: "用户不存在或未激活",
    Errno.ROLEERR: "用户身份错误",
    Errno.PWDERR: "密码错误",
    Errno.REQERR: "非法请求或请求次数受限",
    Errno.IPERR: "IP受限",
    Errno.THIRDERR: "第三方系统错误",
    Errno.IOERR: "文件读写错误",
    Errno.SERVERERR: "内部错误",
    Errno.UNKOWNERR: "未知错误",
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
