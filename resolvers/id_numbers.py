"""ID numbers of the People's Republic of China: 18 characters with a place, a birth date and a check digit.

No table of counties: people hold numbers whose county is older or younger than they are.
Source: GB 11643-1999; for foreign permanent residents the card of 2023 (numbers that begin with 9).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum

from resolvers.characters import normalize_compatible
from resolvers.errors import InputError, invalid_input
from resolvers.messages import Reason

ADULT_YEARS = 18

_CHARACTERS = 18
_FORM = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_CHINA = timezone(timedelta(hours=8))
_FIRST_BIRTH_YEAR = 1900

# Provinces, autonomous regions and municipalities; Taiwan; Hong Kong, Macao and Taiwan residents' permits.
_PLACE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_HMT_PLACES = frozenset({"81", "82", "83"})
_FOREIGN = "9"


class IdNumberKind(StrEnum):
    """Whose number it is."""

    RESIDENT = "RESIDENT"
    HMT_RESIDENT = "HMT_RESIDENT"
    FOREIGN_RESIDENT = "FOREIGN_RESIDENT"


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A well-formed number, and what follows from it."""

    text: str
    kind: IdNumberKind
    born_on: date

    def is_adult(self, now: datetime) -> bool:
        """Whether its holder has had the eighteenth birthday, by China's calendar at `now`."""
        today, born = china_date(now), self.born_on
        return (today.year - ADULT_YEARS, today.month, today.day) >= (born.year, born.month, born.day)


def parse_id_number(text: str, *, now: datetime) -> IdNumber:
    """`text` as an ID number: full-width digits, a small x and blanks round it do not matter.

    Raises:
        InputError: INVALID_INPUT.
    """
    number = text.strip()
    # Normalising is for input of a sensible length only.
    number = normalize_compatible(number).strip().upper() if len(number) <= 2 * _CHARACTERS else ""
    if not _FORM.fullmatch(number) or check_character(number[:-1]) != number[-1]:
        raise _malformed()
    return IdNumber(number, _kind_of(number), _birth_date(number, china_date(now)))


def check_character(body: str) -> str:
    """The last character for 17 digits (ISO 7064, MOD 11-2)."""
    rest = 0
    for digit in body:
        rest = (rest + int(digit)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]


def china_date(now: datetime) -> date:
    """The day that it is in China."""
    return now.astimezone(_CHINA).date()


def _kind_of(number: str) -> IdNumberKind:
    if number[0] == _FOREIGN:
        return IdNumberKind.FOREIGN_RESIDENT
    place = number[:2]
    if not _PLACE.fullmatch(place):
        raise _malformed()
    return IdNumberKind.HMT_RESIDENT if place in _HMT_PLACES else IdNumberKind.RESIDENT


def _birth_date(number: str, today: date) -> date:
    try:
        born_on = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise _malformed() from None
    if born_on.year < _FIRST_BIRTH_YEAR or born_on > today:
        raise _malformed()
    return born_on


def _malformed() -> InputError:
    return invalid_input(Reason.ID_NUMBER_MALFORMED, "id_number")
