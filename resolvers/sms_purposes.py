"""What an SMS code can be for. A further purpose is one entry here, its two texts, and its value in the schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from resolvers.messages import SmsText

FEWEST_DIGITS = 4
MOST_DIGITS = 8
# Codes with fewer may only make an account, never open one.
FEWEST_SAFE_DIGITS = 6


class SmsPurpose(StrEnum):
    """What a code is asked for; a code of one purpose is worth nothing for another."""

    REGISTER = "register"
    LOGIN = "login"
    RESET_PASSWORD = "reset_password"
    REAUTHENTICATE = "reauthenticate"
    CHANGE_MOBILE_OLD = "change_mobile_old"
    CHANGE_MOBILE_NEW = "change_mobile_new"


@dataclass(frozen=True, slots=True)
class PurposeRule:
    """What holds for the codes of one purpose.

    `text` is the message. `guesses` is how many wrong ones spend a code. `is_for_session` codes are bound to the
    account of the session that asked for them as well as to the mobile; `is_to_own_mobile` codes are among them, and
    go to no other mobile than the account's.
    """

    text: SmsText
    ttl_seconds: int = 300
    guesses: int = 5
    fewest_digits: int = FEWEST_SAFE_DIGITS
    is_for_session: bool = False
    is_to_own_mobile: bool = False

    def digits(self, chosen: int) -> int:
        """How long a code is where the operator has chosen `chosen` digits."""
        return max(chosen, self.fewest_digits)


PURPOSES: Mapping[SmsPurpose, PurposeRule] = {
    SmsPurpose.REGISTER: PurposeRule(SmsText.REGISTER, fewest_digits=FEWEST_DIGITS),
    SmsPurpose.LOGIN: PurposeRule(SmsText.LOGIN),
    SmsPurpose.RESET_PASSWORD: PurposeRule(SmsText.RESET_PASSWORD),
    SmsPurpose.REAUTHENTICATE: PurposeRule(
        SmsText.REAUTHENTICATE, is_for_session=True, is_to_own_mobile=True
    ),
    SmsPurpose.CHANGE_MOBILE_OLD: PurposeRule(
        SmsText.CHANGE_MOBILE_OLD, is_for_session=True, is_to_own_mobile=True
    ),
    SmsPurpose.CHANGE_MOBILE_NEW: PurposeRule(SmsText.CHANGE_MOBILE_NEW, is_for_session=True),
}
