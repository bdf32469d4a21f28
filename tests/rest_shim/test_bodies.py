"""Reading bodies and queries: JSON whatever the type says, forms, multipart; and what can be read in no way."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rest_shim.bodies import (
    BodyTooLargeError,
    ClientGoneError,
    Head,
    parse_body,
    read_body,
    read_head,
    text_field,
)
from rest_shim.fields import BodyMalformedError, parse_query

pytestmark = pytest.mark.anyio

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=X"


def multipart(*parts: str) -> bytes:
    return "".join(f"--X\r\n{part}\r\n" for part in parts).encode() + b"--X--\r\n"


@pytest.mark.parametrize("content_type", ["", JSON, FORM, "text/plain", "image/png", "nonsense"])
async def test_json_is_read_whatever_the_declared_type_says(content_type: str) -> None:
    assert await parse_body(content_type, b'{"mobile": "1", "extra": [1]}') == (
        {"mobile": "1", "extra": [1]},
        {},
    )


@pytest.mark.parametrize("content_type", ["", JSON, FORM])
async def test_form_is_read_whatever_the_declared_type_says(content_type: str) -> None:
    body = b"mobile=1&name=%E5%B0%8F%E6%98%8E&empty=&plus=a+b"

    fields, files = await parse_body(content_type, body)

    assert fields == {"mobile": "1", "name": "小明", "empty": "", "plus": "a b"}
    assert files == {}


async def test_of_duplicate_fields_the_last_counts() -> None:
    assert await parse_body(JSON, b'{"name": "a", "name": "b"}') == ({"name": "b"}, {})
    assert await parse_body(FORM, b"name=a&name=b") == ({"name": "b"}, {})


async def test_multipart_has_fields_and_files() -> None:
    body = multipart(
        'Content-Disposition: form-data; name="mobile"\r\n\r\n187',
        'Content-Disposition: form-data; name="avatar"; filename="../a.png"\r\nContent-Type: text/html\r\n\r\nbytes',
    )

    assert await parse_body(BOUNDARY, body) == ({"mobile": "187"}, {"avatar": b"bytes"})


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (JSON, b"[1]"),
        (JSON, b'"text"'),
        (JSON, b"17"),
        (JSON, b"null"),
        (JSON, b'{"a": NaN}'),
        (JSON, b'{"a": "\\ud800"}'),
        (JSON, b'{"a": 1'),
        (JSON, b"\xff\xfe"),
        (JSON, b'{"a":' + b"[" * 100_000),
        (FORM, b"a=%FF"),
        (FORM, "&".join(f"f{i}=1" for i in range(101)).encode()),
        ("multipart/form-data", b"--X--\r\n"),
        (BOUNDARY, b"no parts at all"),
        (BOUNDARY, multipart('Content-Disposition: form-data; name="a"\r\n\r\n' + "x" * (100 * 1024 + 1))),
        (BOUNDARY, multipart(*['Content-Disposition: form-data; name="a"; filename="a"\r\n\r\nx'] * 2)),
    ],
)
async def test_what_can_be_read_in_no_way_is_malformed(content_type: str, body: bytes) -> None:
    with pytest.raises(BodyMalformedError):
        await parse_body(content_type, body)


@given(st.sampled_from(["", JSON, FORM, BOUNDARY, "multipart/form-data"]), st.binary(max_size=300))
async def test_any_bytes_are_fields_or_malformed(content_type: str, body: bytes) -> None:
    try:
        fields, _ = await parse_body(content_type, body)
    except BodyMalformedError:
        return
    assert isinstance(fields, dict)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=10))
async def test_every_json_object_of_texts_is_read_as_it_is(fields: dict[str, str]) -> None:
    assert (await parse_body(JSON, json.dumps(fields).encode()))[0] == fields


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        (b"", {}),
        (b"codeid=11&pcodeid=", {"codeid": "11", "pcodeid": ""}),
        (b"codeid=11&", {"codeid": "11"}),
        (b"codeid=11&&1767225600000", {"codeid": "11", "1767225600000": ""}),
        (b"codeid=11&_=0.5", {"codeid": "11", "_": "0.5"}),
        (b"name=%FF", {}),
        (b"\xff=1", {}),
    ],
)
def test_query_is_read_pair_by_pair(query: bytes, fields: dict[str, str]) -> None:
    assert parse_query(query) == fields


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


def head(content_length: str | None = None) -> Head:
    headers = [] if content_length is None else [(b"content-length", content_length.encode())]
    return read_head({"type": "http", "headers": headers})


class Sender:
    """A client that sends these messages and counts how many were taken."""

    def __init__(self, *messages: dict[str, object]) -> None:
        self._messages = list(messages)
        self.taken = 0

    async def __call__(self) -> dict[str, object]:
        self.taken += 1
        return self._messages.pop(0)


def chunk(body: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_body_at_its_limit_is_read_and_one_byte_more_is_not() -> None:
    assert await read_body(head("10"), Sender(chunk(b"x" * 4, more=True), chunk(b"x" * 6, more=False)), 10)
    with pytest.raises(BodyTooLargeError):
        await read_body(head(), Sender(chunk(b"x" * 11, more=False)), 10)


@pytest.mark.parametrize("declared", ["11", "99999999999999999999999999", "-1", "1e3", "x"])
async def test_declared_length_alone_is_enough_to_refuse(declared: str) -> None:
    sender = Sender(chunk(b"", more=False))
    with pytest.raises(BodyTooLargeError):
        await read_body(head(declared), sender, 10)

    assert sender.taken == 0


async def test_body_without_a_length_is_refused_while_it_streams() -> None:
    sender = Sender(*[chunk(b"x" * 6, more=True)] * 5)
    with pytest.raises(BodyTooLargeError):
        await read_body(head(), sender, 10)

    assert sender.taken == 2


async def test_client_that_goes_away_is_told_apart() -> None:
    with pytest.raises(ClientGoneError):
        await read_body(head(), Sender(chunk(b"x", more=True), {"type": "http.disconnect"}), 10)
