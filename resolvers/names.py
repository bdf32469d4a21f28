"""Names: what may be one, and when two are the same."""

import secrets

from resolvers.characters import (
    digits_of,
    fold_case,
    has_hidden_characters,
    has_letter,
    has_visible_character,
    normalize_compatible,
    without_invisible,
    without_second_dots,
)
from resolvers.errors import ErrorCode, InputError, invalid_input
from resolvers.messages import Reason
from resolvers.mobiles import find_mobile

MINIMUM_CHARACTERS = 1
MAXIMUM_CHARACTERS = 32
DRAWN_DIGITS = 10

# Legacy pages insert the name as HTML.
_MARKUP = frozenset("<>&")

# Normalising may lengthen a text; a longer one than this is refused unread.
_LONGEST_INPUT = 4 * MAXIMUM_CHARACTERS


def parse_name(text: str, *, own_mobile: str) -> str:
    """`text` as it is kept: NFKC, trimmed, 1 to 32 characters.

    Raises:
        InputError: INVALID_INPUT for its length, for characters that are not allowed, and for a mobile number that
            is not `own_mobile` (E.164).
    """
    if len(text) > _LONGEST_INPUT:
        raise _wrong_length()
    if has_hidden_characters(text):
        raise invalid_input(Reason.NAME_CHARACTERS, "name")
    name = normalize_compatible(text).strip()
    if not MINIMUM_CHARACTERS <= len(name) <= MAXIMUM_CHARACTERS:
        raise _wrong_length()
    if _MARKUP.intersection(name) or has_hidden_characters(name) or not has_visible_character(name):
        raise invalid_input(Reason.NAME_CHARACTERS, "name")
    if _find_mobile(name) not in {None, own_mobile}:
        raise invalid_input(Reason.NAME_IS_MOBILE, "name")
    return name


def draw_name() -> str:
    """A first name that tells nothing of its owner."""
    return f"用户{secrets.randbelow(10**DRAWN_DIGITS):0{DRAWN_DIGITS}}"


def name_key(name: str) -> str:
    """What must be unique: the name without case, without what nobody sees, and with single blanks."""
    folded = normalize_compatible(without_invisible(fold_case(name)))
    return " ".join(without_second_dots(folded).split())


def _find_mobile(name: str) -> str | None:
    """The mobile number that a name is, whatever stands between its digits; with a letter in it, it is a name."""
    if has_letter(name):
        return find_mobile(name)
    return find_mobile(("+" if "+" in name else "") + digits_of(name))


def name_taken() -> InputError:
    """Another account has this name."""
    return InputError(ErrorCode.NAME_TAKEN, Reason.NAME_TAKEN, field=("name",))


def _wrong_length() -> InputError:
    return invalid_input(Reason.NAME_LENGTH, "name", minimum=MINIMUM_CHARACTERS, maximum=MAXIMUM_CHARACTERS)
