"""Reading bodies and queries: JSON whatever the type says, forms, multipart; and what can be read in no way."""

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_bodies import BodyBudget, BodyMalformedError, BodyTooLargeError, parse_query, read_fields

pytestmark = pytest.mark.anyio

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=X"
READ = partial(read_fields, maximum_bytes=100 * 1024, upload_maximum_bytes=6 * 1024 * 1024)


def multipart(*parts: str) -> bytes:
    return "".join(f"--X\r\n{part}\r\n" for part in parts).encode() + b"--X--\r\n"


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


async def read(content_type: str, body: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    """What an upload endpoint makes of a body that comes in pieces."""
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)] if len(body) < 2000 else [body]
    sender = Sender(*[chunk(piece, more=True) for piece in pieces], chunk(b"", more=False))
    headers = [(b"content-type", content_type.encode("latin-1")), (b"content-length", b"%d" % len(body))]
    with BodyBudget().open(sender) as taken:
        async with READ(taken, headers, file_field="avatar") as (fields, files):
            return fields, {name: await file.read() for name, file in files.items()}


@pytest.mark.parametrize("content_type", ["", JSON, FORM, "text/plain", "image/png", "nonsense"])
async def test_json_is_read_whatever_the_declared_type_says(content_type: str) -> None:
    assert await read(content_type, b'{"mobile": "1", "extra": [1]}') == (
        {"mobile": "1", "extra": [1]},
        {},
    )


@pytest.mark.parametrize("content_type", ["", JSON, FORM])
async def test_form_is_read_whatever_the_declared_type_says(content_type: str) -> None:
    body = b"mobile=1&name=%E5%B0%8F%E6%98%8E&empty=&plus=a+b"

    fields, files = await read(content_type, body)

    assert fields == {"mobile": "1", "name": "小明", "empty": "", "plus": "a b"}
    assert files == {}


async def test_of_duplicate_fields_the_last_counts() -> None:
    assert await read(JSON, b'{"name": "a", "name": "b"}') == ({"name": "b"}, {})
    assert await read(FORM, b"name=a&name=b") == ({"name": "b"}, {})


async def test_multipart_has_fields_and_files() -> None:
    body = multipart(
        'Content-Disposition: form-data; name="mobile"\r\n\r\n187',
        'Content-Disposition: form-data; name="avatar"; filename="../a.png"\r\nContent-Type: text/html\r\n\r\nbytes',
    )

    assert await read(BOUNDARY, body) == ({"mobile": "187"}, {"avatar": b"bytes"})


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
        (BOUNDARY, multipart(*['Content-Disposition: form-data; name="avatar"; filename="a"\r\n\r\nx'] * 2)),
        (BOUNDARY, multipart(*['Content-Disposition: form-data; name="a"\r\n\r\n' + "x" * 60_000] * 2)),
        (BOUNDARY, multipart(*['Content-Disposition: form-data; name="a"\r\n\r\nx'] * 101)),
        (BOUNDARY, multipart('Content-Disposition: form-data; filename="a"\r\n\r\nx')),
        (BOUNDARY, multipart(f'Content-Disposition: form-data; name="a"\r\nX: {"x" * 10_000}\r\n\r\nx')),
        (BOUNDARY, multipart('Content-Disposition: form-data; name="a"\r\n' + "X: x\r\n" * 100 + "\r\nx")),
    ],
)
async def test_what_can_be_read_in_no_way_is_malformed(content_type: str, body: bytes) -> None:
    with pytest.raises(BodyMalformedError):
        await read(content_type, body)


@given(st.sampled_from(["", JSON, FORM, BOUNDARY, "multipart/form-data"]), st.binary(max_size=300))
async def test_any_bytes_are_fields_or_malformed(content_type: str, body: bytes) -> None:
    try:
        fields, _ = await read(content_type, body)
    except BodyMalformedError:
        return
    assert isinstance(fields, dict)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=10))
async def test_every_json_object_of_texts_is_read_as_it_is(fields: dict[str, str]) -> None:
    assert (await read(JSON, json.dumps(fields).encode()))[0] == fields


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


async def test_files_that_nobody_asked_for_are_passed_over() -> None:
    body = multipart(
        'Content-Disposition: form-data; name="other"; filename=""\r\n\r\n',
        'Content-Disposition: form-data; name="avatar"; filename="a"\r\n\r\nbytes',
        'Content-Disposition: form-data; name="name"\r\n\r\n小明',
    )

    assert await read(BOUNDARY, body) == ({"name": "小明"}, {"avatar": b"bytes"})


@pytest.mark.parametrize("declared", ["-1", "1e3", "x"])
async def test_length_that_is_none_is_too_large(declared: str) -> None:
    headers = [(b"content-length", declared.encode())]
    with BodyBudget().open(Sender()) as body, pytest.raises(BodyTooLargeError):
        async with READ(body, headers):
            pass
