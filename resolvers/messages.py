"""What a person is told, in Chinese and in English: one text for each reason."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

Language = Literal["en", "zh"]


class Reason(StrEnum):
    """Why something was refused; finer than an error code, and never part of the wire format."""

    BODY_MALFORMED = "body_malformed"
    FIELD_MISSING = "field_missing"
    FIELD_NOT_TEXT = "field_not_text"
    TEXT_MALFORMED = "text_malformed"
    TOKEN_DELIVERY_UNKNOWN = "token_delivery_unknown"
    MOBILE_MALFORMED = "mobile_malformed"
    MOBILE_COUNTRY_REFUSED = "mobile_country_refused"
    CAPTCHA_ID_MALFORMED = "captcha_id_malformed"
    SMS_CODE_MALFORMED = "sms_code_malformed"
    PASSWORD_LENGTH = "password_length"
    PASSWORD_COMMON = "password_common"
    NAME_LENGTH = "name_length"
    NAME_CHARACTERS = "name_characters"
    NAME_IS_MOBILE = "name_is_mobile"
    REAL_NAME_MALFORMED = "real_name_malformed"
    ID_NUMBER_MALFORMED = "id_number_malformed"
    IMAGE_EMPTY = "image_empty"
    IMAGE_TOO_LARGE = "image_too_large"
    IMAGE_TOO_MANY_PIXELS = "image_too_many_pixels"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_DAMAGED = "image_damaged"
    CAPTCHA_EXPIRED = "captcha_expired"
    CAPTCHA_WRONG = "captcha_wrong"
    SMS_CODE_EXPIRED = "sms_code_expired"
    SMS_CODE_WRONG = "sms_code_wrong"
    MOBILE_TAKEN = "mobile_taken"
    NAME_TAKEN = "name_taken"
    ID_NUMBER_REFUSED = "id_number_refused"
    AUTH_ALREADY_SUBMITTED = "auth_already_submitted"
    WRONG_CREDENTIALS = "wrong_credentials"
    WRONG_PASSWORD = "wrong_password"
    SAME_PASSWORD = "same_password"
    ACCOUNT_NOT_FOUND = "account_not_found"
    SMS_SIGN_IN_OFF = "sms_sign_in_off"
    OWN_MOBILE_ONLY = "own_mobile_only"
    ONE_PROOF = "one_proof"
    COOKIES_NOT_TAKEN = "cookies_not_taken"
    UNAUTHENTICATED = "unauthenticated"
    REAUTHENTICATION_REQUIRED = "reauthentication_required"
    SESSION_NOT_FOUND = "session_not_found"
    CONSENT_REQUIRED = "consent_required"
    ACCOUNT_LOCKED = "account_locked"
    TOO_OFTEN = "too_often"
    TOO_MANY_GUESSES = "too_many_guesses"
    TOO_BUSY = "too_busy"
    UPLOAD_IN_PROGRESS = "upload_in_progress"
    SMS_PAUSED = "sms_paused"
    SMS_NOT_SENT = "sms_not_sent"
    STORAGE_FAILED = "storage_failed"
    SERVICE_UNAVAILABLE = "service_unavailable"
    INTERNAL = "internal"


_MESSAGES: Mapping[Reason, tuple[str, str]] = {
    Reason.BODY_MALFORMED: ("The body is neither a JSON object nor a form.", "请求体格式错误"),
    Reason.FIELD_MISSING: ("{name} is missing.", "缺少参数 {name}"),
    Reason.FIELD_NOT_TEXT: ("{name} has to be a text.", "参数 {name} 必须是字符串"),
    Reason.TEXT_MALFORMED: ("{name} has characters that cannot be stored.", "参数 {name} 含有非法字符"),
    Reason.TOKEN_DELIVERY_UNKNOWN: (
        "token_delivery is cookie or body.",
        "参数 token_delivery 只能是 cookie 或 body",
    ),
    Reason.MOBILE_MALFORMED: ("This is not a mobile number.", "手机号格式错误"),
    Reason.MOBILE_COUNTRY_REFUSED: (
        "Mobile numbers of this country are not accepted here.",
        "暂不支持该国家或地区的手机号",
    ),
    Reason.CAPTCHA_ID_MALFORMED: (
        "A captcha id is 1 to 64 letters, digits, hyphens or underscores.",
        "图片验证码编号格式错误",
    ),
    Reason.SMS_CODE_MALFORMED: ("An SMS code is {digits} digits.", "短信验证码格式错误"),
    Reason.PASSWORD_LENGTH: (
        "A password is {minimum} to {maximum} characters long.",
        "密码长度应为 {minimum} 到 {maximum} 个字符",
    ),
    Reason.PASSWORD_COMMON: (
        "This password is among the first that are guessed. Choose another.",
        "密码过于常见，请更换",
    ),
    Reason.NAME_LENGTH: (
        "A name is {minimum} to {maximum} characters long.",
        "用户名长度应为 {minimum} 到 {maximum} 个字符",
    ),
    Reason.NAME_CHARACTERS: (
        "A name has something to see, no control or invisible characters, and none of < > &.",
        "用户名含有不允许的字符",
    ),
    Reason.NAME_IS_MOBILE: ("A name cannot be somebody's mobile number.", "用户名不能是他人的手机号"),
    Reason.REAL_NAME_MALFORMED: (
        "A real name is {minimum} to {maximum} characters long and has no control or invisible characters.",
        "真实姓名格式错误",
    ),
    Reason.ID_NUMBER_MALFORMED: ("This is not a valid ID number.", "身份证号格式错误"),
    Reason.IMAGE_EMPTY: ("The picture is empty.", "图片为空"),
    Reason.IMAGE_TOO_LARGE: ("A picture has at most {maximum} bytes.", "图片过大，最多 {maximum} 字节"),
    Reason.IMAGE_TOO_MANY_PIXELS: (
        "The picture has too many pixels: at most {maximum} are taken.",
        "图片像素过多，最多 {maximum} 像素",
    ),
    Reason.IMAGE_UNREADABLE: (
        "This is not a JPEG, PNG, WebP or GIF picture.",
        "不支持的图片格式，仅支持 JPEG、PNG、WebP、GIF",
    ),
    Reason.IMAGE_DAMAGED: ("The picture is damaged and cannot be read.", "图片已损坏，无法读取"),
    Reason.CAPTCHA_EXPIRED: ("The captcha has expired or was used. Fetch a new one.", "验证码过期"),
    Reason.CAPTCHA_WRONG: ("The captcha text is wrong. Fetch a new one.", "验证码错误"),
    Reason.SMS_CODE_EXPIRED: ("The SMS code has expired or was used. Ask for a new one.", "验证码过期"),
    Reason.SMS_CODE_WRONG: (
        "The SMS code is wrong; {attempts_remaining} attempts remain.",
        "验证码错误",
    ),
    Reason.MOBILE_TAKEN: ("This mobile number already has an account.", "手机号已注册"),
    Reason.NAME_TAKEN: ("This name is taken.", "用户名已存在"),
    Reason.ID_NUMBER_REFUSED: (
        "This real-name record cannot be accepted.",
        "实名信息无法通过",
    ),
    Reason.AUTH_ALREADY_SUBMITTED: (
        "The real-name record was submitted before and cannot be changed.",
        "实名信息已提交，不能修改",
    ),
    Reason.WRONG_CREDENTIALS: ("The mobile number or the password is wrong.", "手机号或密码错误"),
    Reason.WRONG_PASSWORD: ("The password is wrong.", "密码错误"),
    Reason.SAME_PASSWORD: ("This is the present password. Choose another.", "新密码不能与当前密码相同"),
    Reason.ACCOUNT_NOT_FOUND: ("This mobile number has no account.", "该手机号尚未注册"),
    Reason.SMS_SIGN_IN_OFF: ("Nobody signs in by SMS code here.", "本站不支持短信验证码登录"),
    Reason.OWN_MOBILE_ONLY: (
        "This code goes to the account's own number: leave out the mobile.",
        "该验证码只发送到账号本人的手机号，请勿填写手机号",
    ),
    Reason.ONE_PROOF: ("Give either the password or an SMS code.", "密码与短信验证码请提供其中一项"),
    Reason.COOKIES_NOT_TAKEN: (
        "From this origin no cookie is taken: ask for the token in the body, and send it as `Authorization: Bearer`.",
        "该来源不使用 Cookie：请让令牌随响应体返回，并以 Authorization: Bearer 发送",
    ),
    Reason.UNAUTHENTICATED: ("Sign in first.", "用户未登录"),
    Reason.REAUTHENTICATION_REQUIRED: ("Confirm first that it is you.", "请先验证身份"),
    Reason.CONSENT_REQUIRED: ("Agree first to: {documents}.", "请先同意：{documents}"),
    Reason.SESSION_NOT_FOUND: ("You have no such session any more.", "该登录会话不存在"),
    Reason.ACCOUNT_LOCKED: ("This account is locked. Ask the operator.", "用户不存在或未激活"),
    Reason.TOO_OFTEN: ("Too often. Try again in {seconds} seconds.", "请求过于频繁，请 {seconds} 秒后再试"),
    Reason.TOO_MANY_GUESSES: (
        "Too many wrong attempts. Try again in {seconds} seconds.",
        "错误次数过多，请 {seconds} 秒后再试",
    ),
    Reason.TOO_BUSY: (
        "Too busy just now. Try again in {seconds} seconds.",
        "系统繁忙，请 {seconds} 秒后再试",
    ),
    Reason.UPLOAD_IN_PROGRESS: (
        "Other uploads of yours are still under way. Try again in {seconds} seconds.",
        "您的其他图片仍在上传，请 {seconds} 秒后再试",
    ),
    Reason.SMS_PAUSED: (
        "No SMS codes are sent to this number just now. Try again in {seconds} seconds.",
        "暂停向该号码发送短信，请 {seconds} 秒后再试",
    ),
    Reason.SMS_NOT_SENT: ("The SMS could not be sent. Try again.", "短信发送失败，请重试"),
    Reason.STORAGE_FAILED: ("The picture could not be stored. Try again.", "图片保存失败，请重试"),
    Reason.SERVICE_UNAVAILABLE: (
        "The service is not available just now. Try again soon.",
        "服务暂不可用，请稍后再试",
    ),
    Reason.INTERNAL: ("Something went wrong here.", "内部错误"),
}


class SmsText(StrEnum):
    """A message to a phone; each says in words what its code is for."""

    REGISTER = "register"
    LOGIN = "login"
    RESET_PASSWORD = "reset_password"
    REAUTHENTICATE = "reauthenticate"
    CHANGE_MOBILE_OLD = "change_mobile_old"
    CHANGE_MOBILE_NEW = "change_mobile_new"


class SmsNotice(StrEnum):
    """A message to a phone that carries no code and tells what was done to the account."""

    PASSWORD_CHANGED = "password_changed"
    NEW_DEVICE = "new_device"


_SMS_MESSAGES: Mapping[SmsText, tuple[str, str]] = {
    SmsText.REGISTER: ("to register an account", "注册账号"),
    SmsText.LOGIN: ("to sign in", "登录"),
    SmsText.RESET_PASSWORD: ("to reset your password", "重置密码"),
    SmsText.REAUTHENTICATE: ("to confirm that it is you", "验证身份"),
    SmsText.CHANGE_MOBILE_OLD: (
        "to move your account away from this mobile number",
        "更换手机号（验证原手机号）",
    ),
    SmsText.CHANGE_MOBILE_NEW: ("to move your account to this mobile number", "更换手机号（验证新手机号）"),
}


def sms_message_of(text: SmsText, language: Language, *, code: str, minutes: int) -> str:
    """The whole message that carries `code`, in `language`."""
    english, chinese = _SMS_MESSAGES[text]
    if language == "zh":
        return f"您的验证码是 {code}，用于{chinese}，{minutes} 分钟内有效。如非本人操作，请忽略本短信，勿告诉他人。"
    return f"{code} is your code {english}, valid for {minutes} minutes. If you did not ask for it, tell it to nobody."


_NOTICES: Mapping[SmsNotice, tuple[str, str]] = {
    SmsNotice.NEW_DEVICE: (
        "Your account was signed in to on a new device. If it was not you, change your password now.",
        "您的账号在新设备上登录。如非本人操作，请立即修改密码。",
    ),
    SmsNotice.PASSWORD_CHANGED: (
        "The password of your account was changed. If it was not you, reset it now.",
        "您的账号密码已修改。如非本人操作，请立即重置密码。",
    ),
}


def notice_message_of(notice: SmsNotice, language: Language) -> str:
    """The whole message of `notice`, in `language`."""
    english, chinese = _NOTICES[notice]
    return chinese if language == "zh" else english


def message_of(reason: Reason, language: Language, values: Mapping[str, object]) -> str:
    """The text for `reason` in `language`, its placeholders filled from `values`."""
    english, chinese = _MESSAGES[reason]
    return (chinese if language == "zh" else english).format(**values)
