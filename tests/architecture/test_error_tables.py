"""The error tables: total, in both languages, and only ever growing."""

import json
import string
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLEnumType

from graphql_http import EndpointErrorCode
from resolvers.errors import ErrorCode
from resolvers.messages import _MESSAGES, Reason, message_of
from rest_shim.dialects import DIALECTS
from rest_shim.errno import ERRNOS, TEXTS, Errno
from schema.sdl import graphql_schema

RELEASED_PATH = Path(__file__).with_name("released_codes.json")
RELEASED: dict[str, Any] = json.loads(RELEASED_PATH.read_text("utf-8"))

CURRENT: dict[str, Any] = {
    "error_codes": sorted(code.value for code in ErrorCode),
    "endpoint_error_codes": sorted(code.value for code in EndpointErrorCode),
    "errnos": {errno.name: int(errno) for errno in Errno},
    "errno_texts": {errno.name: TEXTS[errno] for errno in Errno},
    "errno_of_code": {code.value: int(errno) for code, errno in ERRNOS.items()},
}


def error_code_enum() -> GraphQLEnumType:
    enum = graphql_schema.type_map["ErrorCode"]
    assert isinstance(enum, GraphQLEnumType)
    return enum


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_error_code_has_an_errno() -> None:
    assert set(ERRNOS) == set(ErrorCode)


def test_every_errno_has_its_text() -> None:
    assert set(TEXTS) == set(Errno)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=str)
def test_dialect_changes_only_what_is_there(dialect: Any) -> None:  # noqa: ANN401 - ids need the object
    assert set(dialect.errnos) <= set(ErrorCode)
    assert set(dialect.errnos.values()) <= set(Errno)


def test_every_code_of_both_kinds_is_in_the_schema_and_no_other() -> None:
    names = {code.value for code in ErrorCode} | {code.value for code in EndpointErrorCode}

    assert set(error_code_enum().values) == names


def test_the_two_kinds_share_no_code() -> None:
    assert {code.value for code in ErrorCode}.isdisjoint(code.value for code in EndpointErrorCode)


def test_every_code_in_the_schema_says_what_it_means() -> None:
    assert [name for name, value in error_code_enum().values.items() if not value.description] == []


def test_every_reason_has_its_texts_in_both_languages() -> None:
    assert set(_MESSAGES) == set(Reason)
    assert [reason for reason, texts in _MESSAGES.items() if not all(text.strip() for text in texts)] == []


@pytest.mark.parametrize("reason", Reason)
def test_text_can_be_filled_in_both_languages(reason: Reason) -> None:
    english, chinese = _MESSAGES[reason]
    values = dict.fromkeys(placeholders(english) | placeholders(chinese), "7")

    assert placeholders(chinese) <= placeholders(english)
    assert "{" not in message_of(reason, "en", values) + message_of(reason, "zh", values)
    assert english.isascii()
    assert not chinese.isascii()


@pytest.mark.parametrize("table", CURRENT)
def test_what_was_released_is_still_there(table: str) -> None:
    released, current = RELEASED[table], CURRENT[table]
    if isinstance(released, list):
        assert set(released) <= set(current)
    else:
        assert released.items() <= current.items()


@pytest.mark.parametrize("table", CURRENT)
def test_what_is_new_is_put_on_record(table: str) -> None:
    """Add it to `released_codes.json`: from then on it stays."""
    assert RELEASED[table] == CURRENT[table]
