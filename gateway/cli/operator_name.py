"""Who runs the command, for the audit trail: what `--operator` says, or the login name."""

import getpass
from contextvars import ContextVar

_MAXIMUM_CHARACTERS = 50

_NAMED: ContextVar[str | None] = ContextVar("operator", default=None)


def set_operator_name(name: str | None) -> None:
    """Take `name` in place of the login name.

    Raises:
        ValueError: for what names nobody.
    """
    if name is not None and not (name.isprintable() and 0 < len(name.strip()) <= _MAXIMUM_CHARACTERS):
        raise ValueError(f"1 to {_MAXIMUM_CHARACTERS} visible characters")
    _NAMED.set(name.strip() if name else None)


def operator_name() -> str:
    """The name for the audit trail."""
    named = _NAMED.get()
    if named is not None:
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
