"""What text may be stored, whatever the field."""

from resolvers.errors import invalid_input
from resolvers.messages import Reason


def has_surrogate(text: str) -> bool:
    """Whether `text` has a lone surrogate, which no encoding can carry."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def require_text(text: str, *, field: str) -> str:
    """`text` itself, which must be storable everywhere (PostgreSQL takes no NUL, UTF-8 no lone surrogate).

    Raises:
        InputError: INVALID_INPUT.
    """
    if "\x00" in text or has_surrogate(text):
        raise invalid_input(Reason.TEXT_MALFORMED, field, name=field)
    return text
