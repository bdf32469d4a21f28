"""Mobile numbers: any spelling of one number is one account."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from resolvers.errors import invalid_input
from resolvers.messages import Language, Reason

DEFAULT_REGION = "CN"

# Longer than any spelling of a number; the parser is not for longer ones.
_MAXIMUM_CHARACTERS = 40

# Digits of any script, what people put between them, and the direction marks that copying brings along. The parser
# would pick a number out of any text.
_SPELLING = re.compile(r"(?:tel:)?[\d\s+＋().（）\-‐‑‒–—/\u200e\u200f\u202a-\u202e\u2066-\u2069]+")

_MOBILE_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


def parse_mobile(text: str, *, field: str = "mobile") -> str:
    """`text` as E.164, read as a Chinese number where it names no country.

    Raises:
        InputError: INVALID_INPUT when it is not a mobile number.
    """
    mobile = find_mobile(text)
    if mobile is None:
        raise invalid_input(Reason.MOBILE_MALFORMED, field)
    return mobile


def find_mobile(text: str) -> str | None:
    """`text` as E.164 when it is a mobile number, else None."""
    if not 5 <= len(text) <= _MAXIMUM_CHARACTERS or not _SPELLING.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, DEFAULT_REGION)
    except NumberParseException:
        return None
    if number.extension or phonenumbers.number_type(number) not in _MOBILE_TYPES:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def country_code_of(mobile: str) -> str:
    """The calling code of an E.164 number, with its plus: `+86`."""
    return f"+{phonenumbers.parse(mobile).country_code}"


def language_of(mobile: str) -> Language:
    """What messages to an E.164 number are written in: Chinese to a Chinese one, English to the rest of the world."""
    return "zh" if country_code_of(mobile) == "+86" else "en"


def national_form(mobile: str) -> str:
    """What legacy pages show: the national number for +86, E.164 for the rest of the world."""
    return mobile.removeprefix("+86")
