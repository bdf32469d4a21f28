"""What a driver's exception means, in words for an operator; no password is in them."""

import os
import socket
import ssl

import asyncpg
from sqlalchemy.exc import DBAPIError


def explain(error: BaseException) -> str:
    """One line: what the server said, or why it could not be asked."""
    cause = _find_cause(error)
    match cause:
        case ssl.SSLError():
            return (
                f"TLS failed: {getattr(cause, 'verify_message', '') or cause.reason or 'no reason was given'}"
            )
        case asyncpg.PostgresError() | asyncpg.InterfaceError():
            return str(cause).partition("\n")[0]
        case TimeoutError():
            return "no answer in time"
        case OSError():
            return _of_system(cause)
    return _last_words(cause)


def _find_cause(error: BaseException) -> BaseException:
    """The driver's own exception, or the system's below it."""
    below: BaseException | None = error.orig if isinstance(error, DBAPIError) else None
    if below is None and _is_wrapper(error):
        below = error.__cause__
    return error if below is None else _find_cause(below)


def _is_wrapper(error: BaseException) -> bool:
    """Whether what caused `error` says more than it does itself."""
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return False
    return isinstance(error.__cause__, OSError | asyncpg.PostgresError | asyncpg.InterfaceError)


def _of_system(error: OSError) -> str:
    # asyncio puts addresses in the place of the system's words; name look-ups have numbers of their own.
    if error.errno is None or error.errno < 0 or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _last_words(error: BaseException) -> str:
    """Drivers of MySQL and SQLite put the sentence last."""
    words = [argument for argument in error.args if isinstance(argument, str) and argument]
    return words[-1].partition("\n")[0] if words else type(error).__name__
