"""Request bodies: one reader for every door, and one budget for all bodies that a process holds at a time.

It stands on the ground: it knows ASGI and multipart, and neither the doors nor accounts.
"""

from request_bodies.body import (
    BUDGET_BYTES,
    RETRY_AFTER_SECONDS,
    Body,
    BodyBudget,
    BodyTooLargeError,
    ClientGoneError,
    NoRoomError,
    Receive,
    Send,
    Share,
)
from request_bodies.field_formats import BodyMalformedError, parse_fields, parse_query
from request_bodies.fields import read_fields
from request_bodies.form import FormMalformedError, FormRules, Part, read_form

__all__ = [
    "BUDGET_BYTES",
    "RETRY_AFTER_SECONDS",
    "Body",
    "BodyBudget",
    "BodyMalformedError",
    "BodyTooLargeError",
    "ClientGoneError",
    "FormMalformedError",
    "FormRules",
    "NoRoomError",
    "Part",
    "Receive",
    "Send",
    "Share",
    "parse_fields",
    "parse_query",
    "read_fields",
    "read_form",
]
