"""A field of a legacy request as text."""

import pytest

from request_bodies import BodyMalformedError
from rest_shim.requests import text_field


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        ("", ""),
        (None, None),
        (18736008450, "18736008450"),
        (-1, "-1"),
        (2**63 - 1, str(2**63 - 1)),
    ],
)
def test_text_field_is_a_string_or_a_number(value: object, text: str | None) -> None:
    assert text_field({"mobile": value}, "mobile") == text


@pytest.mark.parametrize("value", [True, False, 1.5, [], {}, ["a"], 2**63, -(2**63), 10**4000])
def test_text_field_is_nothing_else(value: object) -> None:
    with pytest.raises(BodyMalformedError):
        text_field({"mobile": value}, "mobile")
