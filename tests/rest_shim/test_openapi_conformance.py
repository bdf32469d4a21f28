"""The document against the running shim: every answer fits its schema, and every documented errno is given."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from rest_shim.dialects import Dialect
from rest_shim.openapi import make_document
from tests.rest_shim.rest_cases import REST_CASES
from tests.rest_shim.visitors import Visitors

pytestmark = pytest.mark.anyio

Schema = dict[str, Any]


def closed(schema: Schema) -> Schema:
    """The schema with no room for what it does not name, so that nothing goes undocumented."""
    parts = dict(schema)
    if "oneOf" in parts:
        parts["oneOf"] = [closed(part) for part in parts["oneOf"]]
    if "properties" in parts:
        parts["properties"] = {name: closed(part) for name, part in parts["properties"].items()}
        parts["additionalProperties"] = False
    return parts


def operation_of(document: Schema, operation_id: str) -> Schema:
    return next(
        operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation["operationId"] == operation_id
    )


def documented_errnos(operation: Schema) -> set[int]:
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    success, refusal = schema.get("oneOf", (None, schema))
    numbers = set(refusal["properties"]["errno"]["enum"])
    return numbers | {0} if success else numbers


def check(operation: Schema, response: httpx.Response) -> int | None:
    """The errno of an answer that fits the document; None for the picture."""
    assert response.status_code == 200, response.text
    content_type = response.headers["content-type"].partition(";")[0]
    media = operation["responses"]["200"]["content"][content_type]
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"
    if content_type == "image/png":
        assert response.content.startswith(b"\x89PNG")
        return None
    envelope = response.json()
    Draft202012Validator(closed(media["schema"])).validate(envelope)
    if envelope["errno"] == 4202:
        assert envelope["retry_after"] >= 1
    if envelope["errno"] == 0 and "set-cookie" in response.headers:
        assert "Set-Cookie" in operation["responses"]["200"]["headers"]
    return int(envelope["errno"])


@pytest.mark.parametrize("operation_id", REST_CASES)
async def test_answers_fit_the_document_and_every_documented_errno_is_given(
    dialect: Dialect, visitors: Visitors, operation_id: str
) -> None:
    operation = operation_of(make_document(dialect), operation_id)

    given = {check(operation, response) async for response in REST_CASES[operation_id](visitors)}

    assert given - {None} == documented_errnos(operation)


async def test_every_operation_has_its_cases(dialect: Dialect) -> None:
    paths = make_document(dialect)["paths"]
    operations = {
        operation["operationId"]
        for path, methods in paths.items()
        if path not in dialect.paths
        for operation in methods.values()
    }

    assert operations == set(REST_CASES)


@pytest.mark.parametrize(
    ("name", "method", "path", "body", "status"),
    [
        ("UnknownPath", "GET", "/api/nothing", b"", 404),
        ("WrongMethod", "GET", "/api/login", b"", 405),
        ("WrongMethod", "DELETE", "/api/profile", b"", 405),
        ("BodyTooLarge", "POST", "/api/login", b"x" * (100 * 1024 + 1), 413),
        ("BodyTooLarge", "POST", "/api/profile/avatar", b"x" * (6 * 1024 * 1024 + 1), 413),
    ],
)
async def test_answers_of_other_statuses_fit_the_document(
    dialect: Dialect, visitors: Visitors, name: str, method: str, path: str, body: bytes, status: int
) -> None:
    documented = make_document(dialect)["components"]["responses"][name]

    response = await visitors.come().client.request(method, path, content=body)

    assert response.status_code == status
    schema = documented["content"]["application/json"]["schema"]
    Draft202012Validator(closed(schema)).validate(response.json())
    assert documented["description"].startswith(f"HTTP {status}.")
    assert ("allow" in response.headers) is (status == 405)


async def test_a_schema_without_a_field_that_is_sent_would_be_noticed(
    dialect: Dialect, visitors: Visitors
) -> None:
    operation = operation_of(make_document(dialect), "getProfile")
    schema = closed(operation["responses"]["200"]["content"]["application/json"]["schema"])
    del schema["oneOf"][0]["properties"]["data"]["properties"]["create_time"]
    answer = (await (await visitors.registered()).get("/api/profile")).json()

    assert not Draft202012Validator(schema).is_valid(answer)
