"""The document in itself: valid, complete, and its examples true to its own schemas."""

from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from resolvers.errors import ErrorCode
from rest_shim.dialects import DIALECTS, DOCUMENTED, IHOME, Dialect
from rest_shim.endpoints import ROUTES
from rest_shim.errno import ERRNOS, Errno
from rest_shim.openapi import make_document
from tests.doors.harness import Harness

Document = dict[str, Any]


@pytest.fixture
def document(dialect: Dialect) -> Document:
    return make_document(dialect)


def operations(document: Document) -> dict[tuple[str, str], Document]:
    return {
        (path, method.upper()): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_document_is_valid_openapi(document: Document) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_a_broken_document_is_no_valid_openapi(document: Document) -> None:
    del document["info"]["version"]

    assert not OpenAPIV31SpecValidator(document).is_valid()


def test_document_has_the_paths_and_methods_of_the_shim(document: Document, dialect: Dialect) -> None:
    served = {(route.path, route.method) for route in ROUTES}
    aliases = {
        (alias, method)
        for alias, path in dialect.paths.items()
        for served_path, method in served
        if served_path == path
    }

    assert set(operations(document)) == served | aliases


def test_document_has_the_whole_errno_table(document: Document) -> None:
    schema = document["components"]["schemas"]["Errno"]

    assert schema["enum"] == [int(errno) for errno in Errno]
    assert schema["x-enum-varnames"] == [errno.name for errno in Errno]
    assert all(errno.text in text for errno, text in zip(Errno, schema["x-enum-descriptions"], strict=True))


def test_every_errno_that_the_product_can_mean_is_documented_somewhere(dialect: Dialect) -> None:
    documented = {
        number
        for operation in operations(make_document(dialect)).values()
        for number in refusal_of(operation)["properties"]["errno"]["enum"]
    }
    meant = {int(dialect.errnos.get(code) or ERRNOS[code]) for code in ErrorCode}

    assert documented == meant | {int(Errno.IPERR), int(Errno.SERVERERR)}


def refusal_of(operation: Document) -> Document:
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    refusal: Document = schema.get("oneOf", (None, schema))[1]
    return refusal


def test_examples_of_answers_fit_their_schemas(document: Document) -> None:
    for operation in operations(document).values():
        content = operation["responses"]["200"]["content"]
        examples = content["application/json"].get("examples", {})
        for example in examples.values():
            Draft202012Validator(content["application/json"]["schema"]).validate(example["value"])
        assert examples or "image/png" in content


def test_examples_of_bodies_fit_their_schemas(document: Document) -> None:
    for operation in operations(document).values():
        for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
            if media_type != "multipart/form-data":
                Draft202012Validator(media["schema"]).validate(media["example"])


def test_what_needs_an_account_takes_cookie_or_bearer_or_the_password(document: Document) -> None:
    for (path, method), operation in operations(document).items():
        if not path.startswith("/api/profile"):
            continue
        assert operation["security"] == [{"cookie": []}, {"bearer": []}, {}]
        if method == "GET":
            names = {parameter["name"] for parameter in operation["parameters"]}
        else:
            names = set(next(iter(operation["requestBody"]["content"].values()))["schema"]["properties"])
        assert {"mobile", "password"} <= names


def test_upload_is_a_multipart_part_and_posts_may_be_too_large(document: Document) -> None:
    content = operations(document)["/api/profile/avatar", "POST"]["requestBody"]["content"]

    assert list(content) == ["multipart/form-data"]
    assert content["multipart/form-data"]["schema"]["required"] == ["avatar"]
    for (_, method), operation in operations(document).items():
        assert ("413" in operation["responses"]) is (method == "POST")


def test_success_has_data_as_the_dialect_has_it() -> None:
    for name, dialect in DIALECTS.items():
        for (path, _), operation in operations(make_document(dialect)).items():
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            if "oneOf" not in schema:
                continue
            data = schema["oneOf"][0]["properties"].get("data")
            if path == "/api/profile/avatar":
                assert data["type"] == "string"
            elif name == "ihome":
                assert data["type"] == "object", path
            elif path in {"/api/smscode", "/api/logout"}:
                assert data is None


def test_ihome_names_aliases_and_errcode_and_the_documented_dialect_does_not() -> None:
    forms = {
        dialect.name: operations(make_document(dialect))["/api/register", "POST"]
        for dialect in (DOCUMENTED, IHOME)
    }
    fields = {
        name: set(operation["requestBody"]["content"]["application/json"]["schema"]["properties"])
        for name, operation in forms.items()
    }

    assert fields["ihome"] - fields["documented"] == {
        "imagecode",
        "piccode",
        "code",
        "phoneCode",
        "smscode",
        "passwd",
    }
    assert set(refusal_of(forms["ihome"])["required"]) - set(refusal_of(forms["documented"])["required"]) == {
        "errcode",
        "errorcode",
        "errormsg",
    }


@pytest.mark.parametrize(
    ("fields", "is_whole"),
    [
        ({"mobile": "1", "phoneCode": "1", "passwd": "1"}, True),
        ({"mobile": 1, "phonecode": "1", "password": "1", "imagecode": "A"}, True),
        ({"mobile": "1", "phonecode": "1"}, False),
        ({"phonecode": "1", "password": "1"}, False),
    ],
)
def test_one_spelling_of_a_required_field_is_enough(fields: Document, is_whole: bool) -> None:
    operation = operations(make_document(IHOME))["/api/register", "POST"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]

    assert Draft202012Validator(schema).is_valid(fields) is is_whole


def test_document_names_the_cookie_and_the_address_of_the_installation() -> None:
    document = make_document(
        DOCUMENTED, cookie_name="__Host-session", server_url="https://accounts.example.com"
    )

    assert document["components"]["securitySchemes"]["cookie"]["name"] == "__Host-session"
    assert document["servers"] == [{"url": "https://accounts.example.com"}]
    assert "`__Host-session`" in document["info"]["description"]


@pytest.mark.anyio
async def test_gateway_serves_the_document_of_its_dialect_and_cookie(
    harness: Harness, dialect: Dialect
) -> None:
    response: httpx.Response = await harness.client().get("/api/openapi.json")

    assert response.json() == make_document(dialect)
    assert response.headers["content-type"] == "application/json"
