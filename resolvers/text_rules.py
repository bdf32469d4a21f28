"""What text may be stored, whatever the field."""

import unicodedata

from resolvers.errors import invalid_input
from resolvers.texts import Reason

# Bidirectional embeddings, overrides and isolates (Unicode UAX 9), and the marks that only turn text round.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def has_surrogate(text: str) -> bool:
    """Whether `text` has a lone surrogate, which no encoding can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def has_hidden_characters(text: str) -> bool:
    """Whether `text` has control characters, line separators, lone surrogates or bidi controls."""
    return any(
        character in _BIDI_CONTROLS or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp", "Cn", "Co"}
        for character in text
    )


def require_text(text: str, *, field: str) -> str:
    """`text` itself, which must be storable everywhere (PostgreSQL takes no NUL, UTF-8 no lone surrogate).

    Raises:
        InputError: INVALID_INPUT.
    """
    if "\x00" in text or has_surrogate(text):
        raise invalid_input(Reason.TEXT_MALFORMED, field, name=field)
    return text
