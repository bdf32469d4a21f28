"""Puts the document together: paths, envelopes, security, and what holds for every endpoint."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rest_shim.bodies import MAXIMUM_BODY_BYTES, MAXIMUM_UPLOAD_BYTES
from rest_shim.dialects import Dialect
from rest_shim.openapi.operations import OPERATIONS, OUTSIDE, Operation
from rest_shim.openapi.refusals import ALWAYS
from rest_shim.openapi.request_bodies import parameters_of, request_body_of
from rest_shim.openapi.schemas import Schema, errno_schema, example_of, refusal_schema, success_schema

JSON = "application/json"

_DESCRIPTION = """\
Accounts that start with a mobile number, for pages that speak the legacy API.

**The envelope.** Every answer is HTTP 200 with `{{"errno", "errmsg"{copies}}}`, and `data` where there is \
some. Compare `errno`: 0 is success. The exceptions: the captcha picture, an unknown path (404), a wrong \
method (405), a body over its limit (413), a malformed `Host` (400), a `Content-Encoding` (415); all but the \
picture carry the same envelope. A refusal for a limit has `retry_after`, in seconds. What the HTTP server \
refuses by itself has other bodies: a body that does not arrive in 30 s (408), headers over 16 KiB (431), too \
many connections (503).

**Bodies** are read as JSON whatever the declared type says, else as a form, or as multipart. Fields may \
stand in the query too; the body's count first. Unknown fields are ignored. Of duplicate JSON keys the last \
counts. A body has at most {body} KiB, the upload {upload} MiB.

**Who is calling.** Signing in sets the cookie `{cookie}`; a client that keeps none asks for \
`data.token` by `token_delivery=body`, and sends it as `Authorization: Bearer`. The profile endpoints also \
take `mobile` and `password` in the request, query or body: without a session such a request is served for \
that account, by the rules of sign-in, and sets no cookie. With a session both are ignored.

**Other sites.** `POST` and the sign-out are refused with errno 4201 when another site's page sends them, \
unless the operator allows its origin. No CSRF token is asked for; one that comes is ignored.

**Dialect.** This installation speaks `{dialect}`.\
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What of the document the settings decide."""

    cookie_name: str = "session"
    server_url: str = ""


def make_document(dialect: Dialect, deployment: Deployment) -> Schema:
    """The document for one dialect, as plain data."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, dialect)
    for alias, path in dialect.paths.items():
        paths[alias] = {method: _alias(operation, alias, path) for method, operation in paths[path].items()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "account-gateway: the REST shim",
            "version": _version(),
            "summary": "Ten endpoints, one envelope.",
            "description": _describe(dialect, deployment),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": deployment.server_url or "/"}],
        "paths": paths,
        "components": {
            "schemas": {"Errno": errno_schema()},
            "responses": {name: _outside(name, dialect) for name in OUTSIDE},
            "securitySchemes": _security_schemes(deployment),
        },
    }


def _describe(dialect: Dialect, deployment: Deployment) -> str:
    return _DESCRIPTION.format(
        copies="".join(f', "{name}"' for name in dialect.copies),
        body=MAXIMUM_BODY_BYTES // 1024,
        upload=MAXIMUM_UPLOAD_BYTES // 1024**2,
        cookie=deployment.cookie_name,
        dialect=dialect.name,
    )


def _operation(operation: Operation, dialect: Dialect) -> Schema:
    described: Schema = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "description": operation.description,
        "security": [{"cookie": []}, {"bearer": []}, {}] if operation.takes_session else [],
        "parameters": parameters_of(operation, dialect),
        "responses": {"200": _answer(operation, dialect)},
    }
    if operation.body or operation.upload:
        described["requestBody"] = request_body_of(operation, dialect)
        described["responses"]["413"] = {"$ref": "#/components/responses/BodyTooLarge"}
    return described


def _alias(operation: Schema, alias: str, path: str) -> Schema:
    """The same operation under another path."""
    return {
        **operation,
        "operationId": f"{operation['operationId']}_{alias.rpartition('/')[2]}",
        "summary": f"{operation['summary']}: the same as `{path}`",
    }


def _answer(operation: Operation, dialect: Dialect) -> Schema:
    refusal = refusal_schema(dialect, (*operation.refusals, *ALWAYS))
    answer: Schema = {
        "description": "The envelope: success or refusal, by `errno`.",
        "headers": {
            "X-Request-ID": {"description": "What to name in a report.", "schema": {"type": "string"}}
        },
    }
    if operation.is_picture:
        answer["description"] = "The picture (PNG, 160 by 60 pixels), or a refusal as JSON."
        answer["content"] = {
            "image/png": {"schema": {"type": "string", "contentMediaType": "image/png"}},
            JSON: {"schema": refusal},
        }
    else:
        success = _success(operation, dialect)
        answer["content"] = {
            JSON: {
                "schema": {"oneOf": [success, refusal]},
                "examples": {"success": {"value": example_of(success)}},
            }
        }
    if operation.session_effect:
        answer["headers"]["Set-Cookie"] = {
            "description": operation.session_effect,
            "schema": {"type": "string"},
        }
    return answer


def _success(operation: Operation, dialect: Dialect) -> Schema:
    data = operation.as_object if dialect.has_object_data else operation.data
    return success_schema(dialect, data, operation.beside_data)


def _outside(name: str, dialect: Dialect) -> Schema:
    errno, status, when, text = OUTSIDE[name]
    values: dict[str, Any] = {"errno": int(errno), "errmsg": text}
    properties: Schema = {
        "errno": {"type": "integer", "const": int(errno)},
        "errmsg": {"type": "string", "const": text},
        **{copy: {"type": "string", "const": str(values[name])} for copy, name in dialect.copies.items()},
    }
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"description": f"HTTP {status}. {when}", "content": {JSON: {"schema": schema}}}


def _security_schemes(deployment: Deployment) -> Schema:
    return {
        "cookie": {
            "type": "apiKey",
            "in": "cookie",
            "name": deployment.cookie_name,
            "description": "Set by registration and sign-in.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "`data.token` of a sign-in with `token_delivery=body`, or the GraphQL door's.",
        },
    }


def _version() -> str:
    try:
        return version("account-gateway")
    except PackageNotFoundError:
        return "unknown"
