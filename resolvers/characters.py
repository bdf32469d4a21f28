"""What of Unicode text may be kept, whatever tables the running Python has.

The tables are those of `unicodedata2`, which follows each new edition of Unicode. A code point that even they do not
know is taken for a letter of a later edition where letters are added (planes 0 to 3), never for one elsewhere.
"""

import re

import unicodedata2

# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt), those that are reserved for later included.
_DEFAULT_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)

# Blank by their design, though Unicode has them for symbols, letters or marks: Braille, the null note head, the blanks
# of Egyptian hieroglyphs and the sign that mirrors one, the joiner of Tifinagh, the Khitan filler; and what stands for
# an object or a note that is not there.
_BLANK = "\u2800\u2d7f\U0001d159\U00013440-\U00013442\U00016fe4\ufff9-\ufffc"

_INVISIBLE = re.compile(f"[{_DEFAULT_IGNORABLE}{_BLANK}]")

# Controls, surrogates, private use, line and paragraph separators.
_NEVER = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})

# Format characters that are seen: they stand round or before the number that follows (Prepended_Concatenation_Mark).
_SEEN_FORMATS = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

# A dot over what has one already (Soft_Dotted) changes nothing that is seen.
_SECOND_DOT = re.compile("(?<=[ij\u012f\u0249\u0268\u029d\u03f3\u0456\u0458\u1d96\u1e2d\u1ecb])\u0307")

_NON_JOINER = "\u200c"
_JOINER = "\u200d"
_EMOJI_FORMS = frozenset("\ufe0e\ufe0f")
_KEYCAP = "\u20e3"
_VIRAMA = 9
_LETTER_PLANES = 3


def normalize_canonical(text: str) -> str:
    """`text` in NFC: one spelling for what is one text."""
    normal: str = unicodedata2.normalize("NFC", text)
    return normal


def normalize_compatible(text: str) -> str:
    """`text` in NFKC: also one spelling for what is only styled, such as full-width letters."""
    normal: str = unicodedata2.normalize("NFKC", text)
    return normal


def without_invisible(text: str) -> str:
    """`text` without what nobody sees."""
    return _INVISIBLE.sub("", text)


def fold_case(text: str) -> str:
    """`text` without case, that of letters which the running Python does not know yet included."""
    return "".join(_small_letter(character) for character in text.casefold())


def without_second_dots(text: str) -> str:
    """`text` without dots over letters that have one: `i` with a dot above is seen as `i`."""
    return _SECOND_DOT.sub("", text)


def has_hidden_characters(text: str) -> bool:
    """Whether `text` has controls, lone surrogates, or something invisible where it means nothing.

    Joiners mean something in emoji and in the scripts that need them, and the choice of an emoji's form after a symbol.
    """
    return any(_is_hidden(text, place) for place in range(len(text)))


def has_visible_character(text: str) -> bool:
    """Whether there is something to see: a letter, number, symbol or punctuation mark, not marks and blanks alone."""
    return any(unicodedata2.category(character)[0] not in "MZ" for character in without_invisible(text))


def has_letter(text: str) -> bool:
    """Whether there is a letter of any script, of a later edition of Unicode too; numerals and modifiers are none."""
    return any(_is_letter(character) for character in text)


def digits_of(text: str) -> str:
    """The digits of `text` as ASCII: of any script and style, numerals such as 〇 and 三 included."""
    found = (_digit(character) for character in text)
    return "".join(str(digit) for digit in found if digit is not None)


def _is_letter(character: str) -> bool:
    category = unicodedata2.category(character)
    return (category[0] == "L" and category != "Lm" and _digit(character) is None) or _is_later(character)


def _digit(character: str) -> int | None:
    value = unicodedata2.numeric(character, None)
    return int(value) if value is not None and value in range(10) else None


def _small_letter(character: str) -> str:
    """What Unicode pairs a capital with bears the same name; Python's own folding may be older than the letter."""
    if unicodedata2.category(character) not in {"Lu", "Lt"}:
        return character
    try:
        small: str = unicodedata2.lookup(unicodedata2.name(character).replace("CAPITAL", "SMALL"))
    except (KeyError, ValueError):
        return character
    return small


def _is_hidden(text: str, place: int) -> bool:
    character = text[place]
    if character == "\u0020" or "\u0021" <= character <= "\u007e":
        return False
    if _INVISIBLE.match(character):
        return not _has_meaning(text, place)
    category = unicodedata2.category(character)
    if category == "Cn":
        return not _is_later(character)
    return category in _NEVER or (
        category == "Cf" and not _is_seen_format(character, text[place + 1 : place + 2])
    )


def _is_seen_format(character: str, after: str) -> bool:
    """Whether a mark has something to stand round or before."""
    if character not in _SEEN_FORMATS or not after:
        return False
    is_number: bool = unicodedata2.category(after)[0] == "N"
    return is_number or unicodedata2.bidirectional(after) == "AL"


def _is_later(character: str) -> bool:
    """Whether a later edition may make this a letter: it has no meaning yet, and is no noncharacter."""
    code = ord(character)
    is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return unicodedata2.category(character) == "Cn" and code >> 16 <= _LETTER_PLANES and not is_noncharacter


def _has_meaning(text: str, place: int) -> bool:
    """Whether an invisible character changes what is seen round it."""
    character, before, after = text[place], text[place - 1 : place], text[place + 1 : place + 2]
    if not before:
        return False
    if character in _EMOJI_FORMS:
        return _is_symbol(before) or (before in "0123456789#*" and after == _KEYCAP)
    if not after:
        return False
    if character == _JOINER and _is_symbol(after):
        return _is_symbol(before) or before in _EMOJI_FORMS
    if character in {_JOINER, _NON_JOINER} and unicodedata2.combining(before) == _VIRAMA:
        return True
    # Between letters that join, as Persian has it (RFC 5892, appendix A.1).
    return character == _NON_JOINER and unicodedata2.bidirectional(_base(text, place)) == "AL" == (
        unicodedata2.bidirectional(after)
    )


def _base(text: str, place: int) -> str:
    """The character before `place`, its marks passed over."""
    before = [one for one in text[:place] if not unicodedata2.combining(one)]
    return before[-1] if before else "\u0020"


def _is_symbol(character: str) -> bool:
    """Whether it may be part of an emoji: a symbol, or the modifier of a skin's colour."""
    return unicodedata2.category(character) in {"So", "Sm"} or "\U0001f3fb" <= character <= "\U0001f3ff"
