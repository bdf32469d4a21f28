"""The readers of the legacy door: whatever the bytes are, fields come out or BodyMalformedError."""

import asyncio
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from request_bodies import BodyBudget, BodyMalformedError, parse_query, read_fields
from rest_shim.requests import text_field

JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)
BOUNDARY = b"--b\r\n"
PART_PIECES = st.sampled_from(
    [
        BOUNDARY,
        b"--b--\r\n",
        b"--b",
        b"\r\n",
        b"\r\n\r\n",
        b'Content-Disposition: form-data; name="avatar"; filename="a"\r\n',
        b'Content-Disposition: form-data; name="name"\r\n',
        b"Content-Disposition: form-data\r\n",
        b"Content-Type: \xff\r\n",
        b"Content-Transfer-Encoding: base64\r\n",
        b"x",
        b"\x00",
        b"=",
    ]
)
CONTENT_TYPES = st.sampled_from(
    [
        "",
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=b",
        'multipart/form-data; boundary="b"; charset=utf-16',
        "multipart/form-data; boundary=b; charset=idna",
        "MULTIPART/FORM-DATA; boundary=\xff",
    ]
)


async def read_in_pieces(content_type: str, body: bytes) -> tuple[dict[str, object], dict[str, bytes]]:
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting: Iterator[dict[str, object]] = iter([*messages, {"type": "http.request"}])

    async def receive() -> dict[str, object]:
        return next(waiting)

    with BodyBudget().open(receive) as taken:
        headers = [(b"content-type", content_type.encode("latin-1")), (b"content-length", b"%d" % len(body))]
        async with read_fields(
            taken, headers, maximum_bytes=100 * 1024, file_field="avatar", upload_maximum_bytes=6 * 1024**2
        ) as read:
            fields, files = read
            return fields, {name: await file.read() for name, file in files.items()}


def read(content_type: str, body: bytes) -> tuple[dict[str, object], dict[str, bytes]] | None:
    try:
        return asyncio.run(read_in_pieces(content_type, body))
    except BodyMalformedError:
        return None


@given(CONTENT_TYPES, st.binary(max_size=300) | st.lists(PART_PIECES, max_size=12).map(b"".join))
def test_any_bytes_are_fields_or_malformed(content_type: str, body: bytes) -> None:
    parsed = read(content_type, body)

    if parsed is not None:
        fields, files = parsed
        assert all(isinstance(name, str) for name in fields)
        assert all(isinstance(content, bytes) for content in files.values())


@given(JSON_VALUES)
def test_any_json_value_is_a_text_or_refused_as_a_field(value: object) -> None:
    try:
        text = text_field({"name": value}, "name")
    except BodyMalformedError:
        assert not isinstance(value, str)
    else:
        assert text is None or isinstance(text, str)


@given(st.binary(max_size=300))
def test_any_query_string_is_read(query: bytes) -> None:
    assert all(isinstance(value, str) for value in parse_query(query).values())
