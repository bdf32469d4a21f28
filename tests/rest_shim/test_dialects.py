"""The dialects as tables; what they do at the door is in `tests/doors/test_ihome_dialect.py`."""

from typing import cast

import pytest
from msgspec import Struct

from resolvers.context import Context, Services
from resolvers.errors import ErrorCode, InputError
from rest_shim.dialects import DIALECTS, DOCUMENTED, IHOME, Dialect
from rest_shim.requests import RestRequest


class Fields(Struct, kw_only=True):
    """Fields that may be absent."""

    phonecode: str = ""
    password: str = ""
    name: str = ""


class Needed(Struct, kw_only=True):
    """Fields that must be there."""

    phonecode: str
    image_code_text: str


def request(dialect: Dialect, **fields: object) -> RestRequest:
    """A request that carries these fields; reading them needs no service."""
    return RestRequest(Context(cast("Services", None)), dialect.translate(dict(fields)))


def test_documented_dialect_is_the_document_and_nothing_else() -> None:
    assert Dialect(name="documented", bare_fields={"/api/check_login": "name"}) == DOCUMENTED


def test_every_dialect_stands_under_its_name() -> None:
    assert {name: dialect.name for name, dialect in DIALECTS.items()} == {
        "documented": "documented",
        "ihome": "ihome",
    }


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"phonecode": "1", "phoneCode": "2", "smscode": "3"}, "1"),
        ({"phoneCode": "2", "smscode": "3"}, "2"),
        ({"phonecode": "", "smscode": "3"}, "3"),
        ({"phonecode": None, "smscode": 3}, "3"),
        ({"PHONECODE": "4"}, None),
        ({}, None),
    ],
)
def test_documented_name_counts_first_then_the_aliases_in_order(
    fields: dict[str, object], found: str | None
) -> None:
    assert request(IHOME, **fields).read(Fields).phonecode == (found or "")


def test_alias_of_another_dialect_is_an_unknown_field() -> None:
    assert request(DOCUMENTED, passwd="1").read(Fields).password == ""


def test_field_is_needed_unless_the_dialect_lets_it_be_absent() -> None:
    optional = IHOME.optional_fields["/api/register"]
    assert request(IHOME, phonecode="1").read(Needed, optional).image_code_text == ""
    for fields in ({}, {"image_code_text": ""}, {"image_code_text": None}):
        with pytest.raises(InputError):
            request(DOCUMENTED, phonecode="1", **fields).read(Needed)


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", True, 1.5, ["1"], {"1": 1}])
def test_field_that_is_no_text_is_refused_under_any_name(value: object) -> None:
    with pytest.raises(InputError) as refused:
        request(IHOME, user_name=value).read(Fields)

    assert refused.value.code is ErrorCode.INVALID_INPUT
