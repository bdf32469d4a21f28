"""The ways in which somebody proves that an account is theirs."""

from enum import StrEnum


class AuthMethod(StrEnum):
    """The word that is kept of it; at most 24 characters, and never changed."""

    PASSWORD = "password"
    SMS_CODE = "sms_code"
    REGISTRATION = "registration"
