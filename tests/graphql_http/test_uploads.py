"""Uploads by the GraphQL multipart request specification, well-formed and not."""

import json
from tempfile import SpooledTemporaryFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_http import EndpointOptions, GraphQLEndpoint
from request_bodies import BodyBudget
from tests.graphql_http.toy import (
    LEGACY,
    LOGIN,
    MODERN,
    Client,
    RawAnswer,
    Toy,
    build_toy,
    call_raw,
    endpoint_of,
)

pytestmark = pytest.mark.anyio

BOUNDARY = "----toy"
LOGIN_TWICE = (
    f"mutation {{a: login(input: {LOGIN}) {{person {{id}}}} b: login(input: {LOGIN}) {{person {{id}}}}}}"
)
LOGOUT_WRONGLY = "mutation($file: Upload!) {logout {person} upload(file: $file)}"
UPLOAD = {"query": "mutation($file: Upload!) {upload(file: $file)}", "variables": {"file": None}}
UPLOAD_ALL = {
    "query": "mutation($files: [Upload!]!) {uploadAll(files: $files)}",
    "variables": {"files": [None, None]},
}


def part(
    name: str, content: bytes | str, filename: str | None = None, content_type: str | None = None
) -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    typed = "" if content_type is None else f"\r\nContent-Type: {content_type}"
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}{typed}\r\n\r\n'
    return head.encode() + (content if isinstance(content, bytes) else content.encode()) + b"\r\n"


def body_of(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def operations(value: object = UPLOAD) -> bytes:
    return part("operations", json.dumps(value))


def file_map(value: object) -> bytes:
    return part("map", json.dumps(value))


ONE_PLACE = file_map({"0": ["variables.file"]})


def picture(content: bytes = b"picture", name: str = "0") -> bytes:
    return part(name, content, "a.png", "image/png")


async def post(
    endpoint: GraphQLEndpoint, body: bytes, *, size: int = 10_000_000, declared: int | None = None
) -> RawAnswer:
    chunks = [body[n : n + size] for n in range(0, len(body), size)] or [b""]
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "accept": MODERN}
    if declared is not None:
        headers["content-length"] = str(declared)
    return await call_raw(endpoint, chunks, headers)


@pytest.mark.parametrize("size", [1, 7, 100, 10_000_000])
async def test_file_reaches_the_resolver(endpoint: GraphQLEndpoint, size: int) -> None:
    answer = await post(endpoint, body_of(operations(), ONE_PLACE, picture()), size=size)

    assert answer.content == {"data": {"upload": "a.png|image/png|7|7"}}


async def test_several_files_reach_their_places(endpoint: GraphQLEndpoint) -> None:
    places = file_map({"a": ["variables.files.1"], "b": ["variables.files.0"]})
    body = body_of(operations(UPLOAD_ALL), places, picture(b"one", "a"), picture(b"three", "b"))

    answer = await post(endpoint, body)

    assert answer.content == {"data": {"uploadAll": ["a.png|image/png|5|5", "a.png|image/png|3|3"]}}


async def test_place_may_be_deep_in_the_variables(endpoint: GraphQLEndpoint) -> None:
    request = {"query": "query($in: LoginInput) {echo(in: $in)}", "variables": {"in": {"a": [{"b": None}]}}}

    answer = await post(
        endpoint, body_of(operations(request), file_map({"0": ["variables.in.a.0.b"]}), picture())
    )

    # It got there: now it is a value that does not fit.
    assert answer.codes == ["BAD_USER_INPUT", "BAD_USER_INPUT", "BAD_USER_INPUT"]


async def test_upload_without_files_is_served(endpoint: GraphQLEndpoint) -> None:
    answer = await post(endpoint, body_of(operations({"query": "{ name }"}), file_map({})))

    assert answer.content == {"data": {"name": "toy"}}


@pytest.mark.parametrize("length", [262_144, 262_145, 3_000_000])
async def test_large_file_is_spooled_and_gone_afterwards(
    endpoint: GraphQLEndpoint, toy: Toy, length: int
) -> None:
    answer = await post(endpoint, body_of(operations(), ONE_PLACE, picture(b"x" * length)), size=65_536)

    [upload] = toy.uploads
    spool = upload.file
    assert isinstance(spool, SpooledTemporaryFile)
    assert answer.content == {"data": {"upload": f"a.png|image/png|{length}|{length}"}}
    assert spool._rolled is (length > 262_144)  # type: ignore[attr-defined]
    assert spool.closed


async def test_filename_is_told_as_it_was_sent_but_not_endless(endpoint: GraphQLEndpoint) -> None:
    named = part("0", b"x", "../图" + "x" * 1_000)

    answer = await post(endpoint, body_of(operations(), ONE_PLACE, named))

    filename = answer.content["data"]["upload"].split("|")[0]
    assert filename.startswith("../图x")
    assert len(filename) == 255


MALFORMED = {
    "no parts": b"",
    "only operations": body_of(operations()),
    "no map": body_of(operations(), picture()),
    "no operations": body_of(ONE_PLACE, picture()),
    "only files": body_of(picture()),
    "map first": body_of(ONE_PLACE, operations(), picture()),
    "file first": body_of(picture(), operations(), ONE_PLACE),
    "file before map": body_of(operations(), picture(), ONE_PLACE),
    "operations twice": body_of(operations(), operations(), ONE_PLACE, picture()),
    "map twice": body_of(operations(), ONE_PLACE, ONE_PLACE, picture()),
    "file twice": body_of(operations(), ONE_PLACE, picture(), picture()),
    "file that is not in the map": body_of(operations(), ONE_PLACE, picture(), picture(name="1")),
    "field after the map": body_of(operations(), ONE_PLACE, picture(), part("more", "x")),
    "mapped part that is no file": body_of(operations(), ONE_PLACE, part("0", "x")),
    "file that did not come": body_of(operations(), ONE_PLACE),
    "operations as a file": body_of(part("operations", json.dumps(UPLOAD), "a.json"), ONE_PLACE, picture()),
    "map as a file": body_of(operations(), part("map", "{}", "a.json"), picture()),
    "map that is no JSON": body_of(operations(), part("map", "{"), picture()),
    "map that is a list": body_of(operations(), file_map([["variables.file"]]), picture()),
    "map to a text": body_of(operations(), file_map({"0": "variables.file"}), picture()),
    "map to nothing": body_of(operations(), file_map({"0": []}), picture()),
    "map to numbers": body_of(operations(), file_map({"0": [1]}), picture()),
    "deep map": body_of(operations(), part("map", "[" * 50_000), picture()),
    "map in bad UTF-8": body_of(operations(), part("map", b'{"\xff": []}'), picture()),
    "place outside the variables": body_of(operations(), file_map({"0": ["query"]}), picture()),
    "place that is the variables": body_of(operations(), file_map({"0": ["variables"]}), picture()),
    "place that is the variables' nothing": body_of(operations(), file_map({"0": ["variables."]}), picture()),
    "place that is not there": body_of(operations(), file_map({"0": ["variables.other"]}), picture()),
    "place below null": body_of(operations(), file_map({"0": ["variables.file.deeper"]}), picture()),
    "place beyond the list": body_of(
        operations(UPLOAD_ALL), file_map({"0": ["variables.files.2"]}), picture()
    ),
    "negative place": body_of(operations(UPLOAD_ALL), file_map({"0": ["variables.files.-1"]}), picture()),
    "place that is no number": body_of(
        operations(UPLOAD_ALL), file_map({"0": ["variables.files.x"]}), picture()
    ),
    "place in other digits": body_of(
        operations(UPLOAD_ALL), file_map({"0": ["variables.files.٠"]}), picture()
    ),
    "place with a long number": body_of(
        operations(UPLOAD_ALL), file_map({"0": ["variables.files." + "0" * 9_000]}), picture()
    ),
    "place that is taken": body_of(
        operations({**UPLOAD, "variables": {"file": "text"}}), ONE_PLACE, picture()
    ),
    "place that two files want": body_of(
        operations(),
        file_map({"0": ["variables.file"], "1": ["variables.file"]}),
        picture(),
        picture(name="1"),
    ),
    "part without a name": body_of(operations(), ONE_PLACE, f"--{BOUNDARY}\r\n\r\nx\r\n".encode()),
    "no last boundary": operations() + ONE_PLACE + picture(),
    "end in the middle of a file": (operations() + ONE_PLACE + picture())[:-20],
    "end in the middle of a header": (operations() + ONE_PLACE + picture())[:-40],
    "other boundary": body_of(operations(), ONE_PLACE, picture()).replace(BOUNDARY.encode(), b"----other"),
    "no multipart at all": b"x" * 1_000,
    "header without end": operations() + b"--" + BOUNDARY.encode() + b"\r\nX: " + b"x" * 50_000,
    "many headers": operations() + b"--" + BOUNDARY.encode() + b"\r\n" + b"X: y\r\n" * 5_000,
}


@pytest.mark.parametrize("size", [10, 10_000_000])
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_upload_is_refused_and_nothing_is_done(
    endpoint: GraphQLEndpoint, toy: Toy, body: bytes, size: int
) -> None:
    answer = await post(endpoint, body, size=size)

    assert (answer.status, answer.codes) == (400, ["UPLOAD_MALFORMED"])
    assert toy.uploads == []
    assert len(answer.content["errors"][0]["message"]) < 200


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ([UPLOAD], "BATCHING_DISABLED"),
        ({"query": 5}, "BAD_REQUEST"),
        ({"variables": {"file": None}}, "BAD_REQUEST"),
        ("text", "BAD_REQUEST"),
        ({**UPLOAD, "query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({**UPLOAD, "variables": {"file": None, "text": "x" * 70_000}}, "VARIABLES_TOO_LARGE"),
        ({**UPLOAD, "query": LOGIN_TWICE}, "SINGLE_USE_FIELD_REPEATED"),
    ],
)
async def test_operations_are_held_to_every_rule(
    endpoint: GraphQLEndpoint, toy: Toy, value: object, code: str
) -> None:
    answer = await post(endpoint, body_of(operations(value), ONE_PLACE, picture()))

    assert answer.codes == [code]
    assert 400 <= answer.status < 500
    assert toy.done == []


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 300}"],
)
async def test_boundary_has_to_be_declared(endpoint: GraphQLEndpoint, content_type: str) -> None:
    answer = await call_raw(endpoint, [body_of()], {"content-type": content_type, "accept": LEGACY})

    assert (answer.status, answer.codes) == (400, ["UPLOAD_MALFORMED"])


async def test_other_multipart_types_are_not_read(endpoint: GraphQLEndpoint) -> None:
    answer = await call_raw(
        endpoint, [b""], {"content-type": f"multipart/mixed; boundary={BOUNDARY}", "accept": LEGACY}
    )

    assert answer.status == 415


def upload_of(length: int) -> bytes:
    """A good upload of exactly `length` bytes."""
    around = len(body_of(operations(), ONE_PLACE, picture(b"")))
    return body_of(operations(), ONE_PLACE, picture(b"x" * (length - around)))


async def test_upload_is_accepted_at_its_limit_and_refused_above(endpoint: GraphQLEndpoint) -> None:
    maximum = 6 * 1024 * 1024

    at, above = await post(endpoint, upload_of(maximum)), await post(endpoint, upload_of(maximum + 1))

    assert at.status == 200
    assert (above.status, above.codes) == (413, ["BODY_TOO_LARGE"])


async def test_declared_upload_is_refused_before_it_is_read(endpoint: GraphQLEndpoint) -> None:
    answer = await post(endpoint, upload_of(1_000), declared=6_291_457)

    assert (answer.status, answer.chunks_taken) == (413, 0)


async def test_upload_is_refused_while_it_streams(endpoint: GraphQLEndpoint, toy: Toy) -> None:
    answer = await post(endpoint, upload_of(20_000_000), size=1_000_000)

    assert (answer.status, answer.chunks_taken, toy.uploads) == (413, 7, [])


async def test_file_is_accepted_at_its_limit_and_refused_above(toy: Toy) -> None:
    endpoint = endpoint_of(toy, EndpointOptions(file_maximum_bytes=1_000))

    at = await post(endpoint, body_of(operations(), ONE_PLACE, picture(b"x" * 1_000)))
    above = await post(endpoint, body_of(operations(), ONE_PLACE, picture(b"x" * 1_001)), size=100)

    assert at.status == 200
    assert (above.status, above.codes) == (413, ["UPLOAD_FILE_TOO_LARGE"])
    assert "1000" in above.content["errors"][0]["message"]


@pytest.mark.parametrize("field", ["operations", "map"])
async def test_fields_have_the_limit_of_a_json_body(endpoint: GraphQLEndpoint, field: str) -> None:
    def body(length: int) -> bytes:
        contents = {"operations": json.dumps({"query": "{ name }"}), "map": "{}"}
        contents[field] += " " * (length - len(contents[field]))
        return body_of(part("operations", contents["operations"]), part("map", contents["map"]))

    at, above = await post(endpoint, body(102_400)), await post(endpoint, body(102_401), size=1_000)

    assert at.status == 200
    assert (above.status, above.codes) == (413, ["BODY_TOO_LARGE"])


@pytest.mark.parametrize("is_one_file", [True, False])
async def test_files_and_their_places_are_bounded(endpoint: GraphQLEndpoint, is_one_file: bool) -> None:
    def body(count: int) -> bytes:
        request = {**UPLOAD_ALL, "variables": {"files": [None] * count}}
        names = ["0"] if is_one_file else [str(n) for n in range(count)]
        places = [f"variables.files.{n}" for n in range(count)]
        mapped = {"0": places} if is_one_file else {n: [p] for n, p in zip(names, places, strict=True)}
        return body_of(operations(request), file_map(mapped), *(picture(name=n) for n in names))

    at, above = await post(endpoint, body(10)), await post(endpoint, body(11))

    assert at.status == 200
    assert (above.status, above.codes) == (400, ["UPLOAD_FILE_LIMIT_EXCEEDED"])


class NotingBudget(BodyBudget):
    """Keeps all temporary files that the endpoint opens."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[SpooledTemporaryFile[bytes]] = []

    def open_file(self) -> SpooledTemporaryFile[bytes]:
        self.opened.append(super().open_file())
        return self.opened[-1]


@pytest.fixture
def bodies() -> NotingBudget:
    return NotingBudget()


async def test_files_are_closed_when_the_client_goes_away(toy: Toy, bodies: NotingBudget) -> None:
    body = operations() + ONE_PLACE + picture(b"x" * 2_000_000)
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "accept": LEGACY}

    answer = await call_raw(endpoint_of(toy, bodies=bodies), [body], headers, ends_early=True)

    assert answer.messages == []
    assert [file.closed for file in bodies.opened] == [True]


@pytest.mark.parametrize(
    "body",
    [
        body_of(operations(), ONE_PLACE, picture(), picture(name="1")),
        operations() + ONE_PLACE + picture(b"x" * 2_000_000),
        body_of(operations({**UPLOAD, "query": "{"}), ONE_PLACE, picture()),
        body_of(operations({**UPLOAD, "variables": {}}), ONE_PLACE, picture()),
        body_of(operations({**UPLOAD, "query": LOGOUT_WRONGLY}), ONE_PLACE, picture()),
        upload_of(7_000_000),
    ],
)
async def test_files_are_closed_when_the_request_is_refused(
    toy: Toy, body: bytes, bodies: NotingBudget
) -> None:
    answer = await post(endpoint_of(toy, bodies=bodies), body, size=100_000)

    assert "errors" in answer.content
    assert [file.closed for file in bodies.opened] == [True]


async def test_json_cannot_pretend_to_be_a_file(client: Client, toy: Toy) -> None:
    for pretence in ("text", {"filename": "a"}, 5, [None]):
        response = await client.send({**UPLOAD, "variables": {"file": pretence}})
        # What the scalar makes of it is the schema's business; no file was made here.
        assert response.status_code in {200, 400}
    assert not any(hasattr(upload, "file") for upload in toy.uploads)


PIECES = st.sampled_from(
    [operations(), ONE_PLACE, picture(), b"\r\n", f"--{BOUNDARY}\r\n".encode(), f"--{BOUNDARY}--".encode(), b"--", b"x",
     b'Content-Disposition: form-data; name="map"\r\n\r\n', b"{}", b"\x00", b"\xff"]
)  # fmt: skip


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(pieces=st.lists(PIECES, max_size=8), size=st.integers(1, 400))
async def test_no_multipart_body_is_a_fault_of_the_server(pieces: list[bytes], size: int) -> None:
    answer = await post(endpoint_of(build_toy()), b"".join(pieces), size=size)

    assert answer.status in {200, 400, 413}
