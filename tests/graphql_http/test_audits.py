"""Each audit of the npm package `graphql-http` (1.23), by its id, so that the two lists can be compared.

`tests/node/audits.mjs` runs the audits themselves against a running server.
"""

from dataclasses import dataclass

import httpx
import pytest

from tests.graphql_http.toy import LEGACY, MODERN, Client

pytestmark = pytest.mark.anyio

NAMELESS = "{ __typename }"
TYPED = "query Type($name: String!) { __type(name: $name) { name } }"
COERCED = "query CoerceFailure($id: ID!){ __typename }"
UNKNOWN_FIELD = "{ 8f31403dfe404bccbb0e835f2629c6a7 }"
OBJECT: dict[str, object] = {"obj": "ect"}


@dataclass(frozen=True)
class Audit:
    """One audit: what is posted, and what is expected."""

    id: str
    body: object
    accept: str | None = None
    status: int = 200
    media: str | None = None
    has_errors: bool | None = None
    content_type: str | None = LEGACY

    def __str__(self) -> str:
        return self.id


POSTS = [
    Audit("22EB", {"query": NAMELESS}, MODERN, media=MODERN),
    Audit("4655", {"query": NAMELESS}, LEGACY, media=LEGACY),
    Audit("47DE", {"query": NAMELESS}, "*/*", media=LEGACY),
    Audit("80D8", {"query": NAMELESS}, None, media=LEGACY),
    Audit("82A3", {"query": NAMELESS}),
    Audit(
        "BF61",
        {"query": '{ __type(name: "Run🏃Swim🏊") { name } }'},
        content_type="application/json; charset=utf-8",
    ),
    Audit("78D5", {"query": NAMELESS}),
    Audit("2C94", {"query": NAMELESS}),
    Audit("9ABE", {"query": NAMELESS}, status=415, content_type="text/plain;charset=UTF-8"),
    Audit("9ABE-none", {"query": NAMELESS}, status=415, content_type=None),
    Audit("03D4", {"query": NAMELESS}),
    Audit("A5BF", "", status=400),
    Audit("423L", {"notquery": NAMELESS}, MODERN, status=400),
    *[
        Audit(f"LKJ{n}", {"query": wrong}, status=400)
        for n, wrong in enumerate([OBJECT, 0, False, ["array"]])
    ],
    Audit("34A2", {"query": NAMELESS}, MODERN),
    Audit("13EE", {"query": NAMELESS}, LEGACY, has_errors=False),
    *[
        Audit(f"6C0{n}", {"query": NAMELESS, "operationName": wrong}, status=400)
        for n, wrong in enumerate([OBJECT, 0, False, ["array"]])
    ],
    Audit("8161", {"query": "query Query { __typename }", "operationName": "Query"}, MODERN),
    Audit(
        "B8B3", {"query": "query Query { __typename }", "operationName": "Query"}, LEGACY, has_errors=False
    ),
    *[
        Audit(f"{audit}{n}", {"query": NAMELESS, parameter: None}, accept, has_errors=False)
        for n, parameter in enumerate(["variables", "operationName", "extensions"])
        for audit, accept in (("94B", MODERN), ("022", LEGACY))
    ],
    *[
        Audit(f"476{n}", {"query": NAMELESS, "variables": wrong}, status=400)
        for n, wrong in enumerate(["string", 0, False, ["array"]])
    ],
    Audit("2EA1", {"query": TYPED, "variables": {"name": "sometype"}}, MODERN),
    Audit("28B9", {"query": TYPED, "variables": {"name": "sometype"}}, LEGACY, has_errors=False),
    *[
        Audit(f"58B{n}", {"query": NAMELESS, "extensions": wrong}, status=400)
        for n, wrong in enumerate(["string", 0, False, ["array"]])
    ],
    Audit("428F", {"query": NAMELESS, "extensions": {"some": "value"}}, MODERN),
    Audit("1B7A", {"query": NAMELESS, "extensions": {"some": "value"}}, LEGACY, has_errors=False),
    Audit("B6DC", '{ "not a JSON', LEGACY, status=400),
    Audit("BCF8", '{ "not a JSON', LEGACY, status=400),
    Audit("B7N8", '{ "not a JSON', MODERN, status=400),
    Audit("8764", {"qeury": NAMELESS}, status=400),
    Audit("3E3A", {"qeury": NAMELESS}, status=400),
    Audit("572B", {"query": "{"}, LEGACY, has_errors=True),
    Audit("FDE2", {"query": UNKNOWN_FIELD}, LEGACY, has_errors=True),
    Audit("7B9B", {"query": COERCED, "variables": {"id": None}}, LEGACY, has_errors=True),
    Audit("865D", {"query": "{"}, MODERN, status=400, has_errors=True),
    Audit("556A", {"query": "{"}, MODERN, status=400, has_errors=True),
    Audit("D586", {"query": "{"}, MODERN, status=400, has_errors=True),
    Audit("51FE", {"query": UNKNOWN_FIELD}, MODERN, status=400, has_errors=True),
    Audit("74FF", {"query": UNKNOWN_FIELD}, MODERN, status=400, has_errors=True),
    Audit("5E5B", {"query": UNKNOWN_FIELD}, MODERN, status=400, has_errors=True),
    Audit("86EE", {"query": COERCED, "variables": {"id": None}}, MODERN, status=400, has_errors=True),
]


@pytest.mark.parametrize("audit", POSTS, ids=str)
async def test_audit_of_a_post_passes(client: Client, audit: Audit) -> None:
    response = await client.send(audit.body, audit.accept, audit.content_type)

    assert response.status_code == audit.status
    check_content(response, audit.has_errors)
    if audit.media is not None:
        assert response.headers["content-type"] == f"{audit.media}; charset=utf-8"


def check_content(response: httpx.Response, has_errors: bool | None) -> None:
    content = response.json()
    assert has_errors is None or ("errors" in content) is has_errors
    assert ("data" in content) is (response.status_code == 200 and "errors" not in content)


@pytest.mark.parametrize(
    ("audit", "parameters", "accept", "status"),
    [
        ("5A70", {"query": NAMELESS}, "*/*", 200),
        ("9C48", {"query": "mutation { __typename }"}, MODERN, 405),
        ("D6D5", {"query": TYPED, "variables": '{"name":"sometype"}'}, MODERN, 200),
        ("6A70", {"query": TYPED, "variables": '{"name":"sometype"}'}, LEGACY, 200),
    ],
)
async def test_audit_of_a_get_passes(
    client: Client, audit: str, parameters: dict[str, str], accept: str, status: int
) -> None:
    response = await client.get(accept, **parameters)

    assert response.status_code == status
    check_content(response, status != 200)


def test_every_audit_of_the_package_is_here() -> None:
    ids = {audit.id.removesuffix("-none") for audit in POSTS} | {"5A70", "9C48", "D6D5", "6A70"}

    assert len(ids) == 61
