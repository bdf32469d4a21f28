"""The error tables: total, in both languages, and only ever growing."""

import string
from typing import Any

import pytest
from graphql import GraphQLEnumType

from graphql_http import EndpointErrorCode
from resolvers.errors import MEANINGS, AccountError, ErrorCode
from resolvers.messages import _MESSAGES, Reason, message_of
from rest_shim.dialects import DIALECTS
from rest_shim.errno import ERRNOS, Errno
from schema.errors import ERROR_TYPES, PAYLOAD_CODES, REQUEST_CODES
from schema.sdl import graphql_schema
from tests.architecture.released import CURRENT_CODES, read_codes

ENUMS = ("ErrorCode", "RequestErrorCode")
CODES_OF_BOTH = {ErrorCode.UNAUTHENTICATED, ErrorCode.RATE_LIMITED}


def values_of(enum: str) -> dict[str, str | None]:
    type_ = graphql_schema.type_map[enum]
    assert isinstance(type_, GraphQLEnumType)
    return {name: value.description for name, value in type_.values.items()}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_error_code_has_an_errno() -> None:
    assert set(ERRNOS) == set(ErrorCode)


def test_every_errno_has_its_text() -> None:
    assert [errno for errno in Errno if not errno.text] == []


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=str)
def test_dialect_changes_only_what_is_there(dialect: Any) -> None:  # noqa: ANN401 - ids need the object
    assert set(dialect.errnos) <= set(ErrorCode)
    assert set(dialect.errnos.values()) <= set(Errno)


def test_payload_says_what_a_mutation_is_refused_for_and_nothing_else() -> None:
    assert set(values_of("ErrorCode")) == {code.value for code in PAYLOAD_CODES}


def test_top_level_says_what_a_request_is_refused_for_and_nothing_else() -> None:
    endpoint = {code.value for code in EndpointErrorCode}

    assert set(values_of("RequestErrorCode")) == endpoint | {code.value for code in REQUEST_CODES}


def test_every_code_of_the_product_has_its_place_and_two_have_both() -> None:
    assert set(PAYLOAD_CODES) | set(REQUEST_CODES) == set(ErrorCode)
    assert set(PAYLOAD_CODES) & set(REQUEST_CODES) == CODES_OF_BOTH


def test_fault_that_nobody_foresaw_has_a_code_of_the_top_level() -> None:
    assert EndpointErrorCode.INTERNAL.value in values_of("RequestErrorCode")
    assert EndpointErrorCode.INTERNAL.value not in values_of("ErrorCode")


def test_product_and_endpoint_share_no_code() -> None:
    assert {code.value for code in ErrorCode}.isdisjoint(code.value for code in EndpointErrorCode)


@pytest.mark.parametrize("enum", ENUMS)
def test_every_code_in_the_schema_says_what_it_means(enum: str) -> None:
    assert [name for name, description in values_of(enum).items() if not description] == []


def test_every_kind_of_refusal_has_its_type() -> None:
    """But an outage, which refuses the whole request."""
    kinds = {kind.__name__ for kind in AccountError.__subclasses__()} - {"ServiceUnavailableError"}

    assert {kind.__name__ for kind in ERROR_TYPES} == kinds
    assert {type_.__name__ for type_ in ERROR_TYPES.values()} == kinds


def test_every_code_of_the_product_says_what_it_means() -> None:
    assert set(MEANINGS) == set(ErrorCode)


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


@pytest.mark.parametrize("table", CURRENT_CODES)
def test_what_was_released_is_still_there(table: str) -> None:
    released, current = read_codes()[table], CURRENT_CODES[table]
    if isinstance(released, list):
        assert set(released) <= set(current)
    else:
        assert released.items() <= current.items()


@pytest.mark.parametrize("table", CURRENT_CODES)
def test_what_is_new_is_put_on_record(table: str) -> None:
    """By `python -m tests.architecture.released`: from then on it stays."""
    assert read_codes()[table] == CURRENT_CODES[table]
