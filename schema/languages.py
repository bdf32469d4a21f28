"""Which language a caller reads. Source: RFC 9110, 12.4.2 and 12.5.4; RFC 4647, 2.1."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from resolvers.messages import Language

_RANGES_MAXIMUM: Final = 50
_RANGE_FORM: Final = re.compile(
    r"\s*(?P<tag>[a-z]{1,8}(?:[-_][a-z0-9]{1,8})*|\*)\s*"
    r"(?:;\s*q\s*=\s*(?P<weight>0?\.[0-9]+|0\.?|1(?:\.0*)?)\s*)?",
    re.ASCII | re.IGNORECASE,
)

# What the first subtag says: Mandarin and Cantonese are written Chinese.
_LANGUAGES: Final[dict[str, Language]] = {"en": "en", "zh": "zh", "cmn": "zh", "yue": "zh"}

# The tags of the very texts that there are. Others of a language (`zh-Hant`, `en-GB`) are near enough.
_OWN_TAGS: Final = frozenset({"en", "zh", "zh-hans", "zh-cn", "zh-hans-cn"})


class _Range(NamedTuple):
    tag: str
    weight: float
    place: int


@lru_cache(maxsize=256)
def choose_language(accept_language: str) -> Language:
    """`zh` or `en`, whichever has the higher weight; of equal ones the first in the header, `en` without either.

    A weight of 0 refuses a language, also one that is asked for in another form (`zh-Hans;q=0, zh-Hant`). `*` stands
    for each that is not named. What is malformed is passed over.
    """
    ranges = _parse(accept_language)
    return "zh" if _preference("zh", ranges) > _preference("en", ranges) else "en"


def _preference(language: Language, ranges: Sequence[_Range]) -> tuple[float, int]:
    """The weight of `language`, and its place: the greater the better."""
    named = [r for r in ranges if _LANGUAGES.get(r.tag.partition("-")[0]) == language]
    found = named or [r for r in ranges if r.tag == "*"]
    if any(r.weight == 0 and r.tag in _OWN_TAGS for r in found):
        return _UNWANTED
    return max(((r.weight, -r.place) for r in found if r.weight > 0), default=_UNWANTED)


_UNWANTED: Final = (0.0, 0)


def _parse(accept_language: str) -> list[_Range]:
    parts = accept_language.split(",", _RANGES_MAXIMUM)[:_RANGES_MAXIMUM]
    matches = [_RANGE_FORM.fullmatch(part) for part in parts]
    return [
        _Range(match["tag"].lower().replace("_", "-"), float(match["weight"] or 1), place)
        for place, match in enumerate(matches)
        if match
    ]
