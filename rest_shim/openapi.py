"""The OpenAPI 3.1 document of the shim, made from the table of routes, the messages and the dialect."""

import inspect
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from resolvers.errors import MEANINGS
from resolvers.errors import ErrorCode as E
from rest_shim.dialects import Dialect
from rest_shim.endpoints import MAXIMUM_BODY_BYTES, MAXIMUM_UPLOAD_BYTES, ROUTES, SIGN_IN_REFUSALS, Route
from rest_shim.errno import ERRNOS, OUTSIDE, Errno
from rest_shim.types import NoFields

Schema = dict[str, Any]

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_PICTURES = "image/jpeg, image/png, image/webp, image/gif, application/octet-stream"
_DESCRIPTION = (Path(__file__).parent / "openapi.md").read_text(encoding="utf-8").strip()
# What pages may send as JSON numbers without losing a digit.
_NUMBERS = frozenset({"mobile", "image_code_id"})

_WHEN: Mapping[Errno, str] = {
    Errno.SERVERERR: "An unexpected fault; report the `X-Request-ID`.",
    Errno.IPERR: "A limit for the client's address was reached; `retry_after` tells how many seconds to wait.",
    Errno.REQERR: "Another site's page sent the request; there is no `retry_after`.",
}


def make_document(dialect: Dialect, *, cookie_name: str = "session", server_url: str = "") -> Schema:
    """The document for one dialect at one installation, as plain data."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "account-gateway: the REST shim",
            "version": _version(),
            "summary": "Ten endpoints, one envelope.",
            "description": _describe(dialect, cookie_name),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server_url or "/"}],
        "paths": _Paths(dialect).make(),
        "components": {
            "schemas": {"Errno": _errno_enum({errno: f"{errno.name}: {errno.text}" for errno in Errno})},
            "responses": {name: _outside(name, dialect) for name in OUTSIDE},
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie_name},
                "bearer": {"type": "http", "scheme": "bearer", "description": "`data.token` of a sign-in."},
            },
        },
    }


class _Paths:
    """The paths of the document, in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        kinds = {kind for route in ROUTES for kind in (route.reads, route.gives) if kind}
        _, self._schemas = msgspec.json.schema_components(kinds)

    def make(self) -> Schema:
        paths: Schema = {}
        for route in ROUTES:
            paths.setdefault(route.path, {})[route.method.lower()] = self._operation(route)
        for alias, path in self._dialect.paths.items():
            paths[alias] = {
                method: {**operation, "operationId": f"{operation['operationId']}_{alias.rpartition('/')[2]}"}
                for method, operation in paths[path].items()
            }
        return paths

    def _operation(self, route: Route) -> Schema:
        summary, _, description = " ".join((route.handler.__doc__ or "").split()).partition(". ")
        first, *words = route.handler.__name__.split("_")
        operation: Schema = {
            "operationId": first + "".join(word.title() for word in words),
            "summary": summary,
            "description": description,
            "security": [{"cookie": []}, {"bearer": []}, {}] if route.takes_session else [],
            "parameters": self._parameters(route) if route.method == "GET" else [],
            "responses": {"200": self._answer(route)},
        }
        if route.method == "POST":
            operation["requestBody"] = self._body(route)
            for status, name in (("413", "BodyTooLarge"), ("503", "NoRoom")):
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
        return operation

    def _fields(self, route: Route) -> Iterable[tuple[str, Schema, bool, tuple[str, ...]]]:
        """Name, schema, whether it must be there, and aliases of what is read."""
        schema = self._schemas[route.reads.__name__]
        optional = self._dialect.optional_fields.get(route.path, frozenset())
        for name, part in schema["properties"].items():
            described = {**part, "type": ["string", "integer"]} if name in _NUMBERS else part
            is_required = name in schema.get("required", ()) and name not in optional
            yield name, described, is_required, self._dialect.aliases.get(name, ())

    def _parameters(self, route: Route) -> list[Schema]:
        """The query. Of a field that has aliases none is required, since any one of them will do."""
        return [
            {
                "name": spelling,
                "in": "query",
                "required": is_required and not aliases,
                "description": schema["description"] if spelling == name else f"The same as `{name}`.",
                "schema": schema,
            }
            for name, schema, is_required, aliases in self._fields(route)
            for spelling in (name, *aliases)
        ]

    def _body(self, route: Route) -> Schema:
        """The body. A form is what a page's form sends; both are read by the same rules."""
        properties: Schema = {route.upload: {"description": "The file."}} if route.upload else {}
        required, alternatives, example = list(properties), [], {}
        for name, schema, is_required, aliases in self._fields(route):
            properties[name] = schema
            properties |= {alias: {**schema, "description": f"The same as `{name}`."} for alias in aliases}
            if is_required and aliases:
                alternatives.append({"anyOf": [{"required": [spelling]} for spelling in (name, *aliases)]})
            elif is_required:
                required.append(name)
            if is_required:
                example[name] = schema["examples"][0]
        schema = {"type": "object", "properties": properties, "required": required, "allOf": alternatives}
        schema = {name: value for name, value in schema.items() if value}
        media: Schema = {"schema": schema, "example": example}
        if route.upload:
            media = {"schema": schema, "encoding": {route.upload: {"contentType": _PICTURES}}}
        types = (_MULTIPART,) if route.upload else (_JSON, _FORM)
        return {"required": True, "content": dict.fromkeys(types, media)}

    def _answer(self, route: Route) -> Schema:
        headers = {"X-Request-ID": {"description": "What to name in a report.", "schema": {"type": "string"}}}
        if route.session_effect:
            headers["Set-Cookie"] = {"description": route.session_effect, "schema": {"type": "string"}}
        answer: Schema = {"description": "The envelope: success or refusal, by `errno`.", "headers": headers}
        refusal = self._refusal(route)
        if inspect.get_annotations(route.handler)["return"] is bytes:
            picture = {"schema": {"type": "string", "contentMediaType": "image/png"}}
            answer["content"] = {"image/png": picture, _JSON: {"schema": refusal}}
        else:
            success = self._success(route)
            example = {"success": {"value": _example_of(success)}}
            answer["content"] = {_JSON: {"schema": {"oneOf": [success, refusal]}, "examples": example}}
        return answer

    def _success(self, route: Route) -> Schema:
        properties: Schema = {
            "errno": {"type": "integer", "const": 0},
            "errmsg": {"type": "string", "const": "OK"},
        }
        given = self._schemas[route.gives.__name__] if route.gives else None
        bare = route.bare or self._dialect.bare_fields.get(route.path)
        if given:
            properties["data"] = given["properties"][bare] if bare else given
            properties |= given["properties"] if route.bare else {}
        elif self._dialect.has_empty_data:
            properties["data"] = {"type": "object", "maxProperties": 0, "examples": [{}]}
        return _envelope("Success", self._dialect, properties)

    def _refusal(self, route: Route) -> Schema:
        reasons: dict[Errno, str] = {}
        for cause in _refusals_of(route):
            if isinstance(cause, Errno):
                errno, when = cause, _WHEN[cause]
            else:
                errno, when = self._dialect.errnos.get(cause) or ERRNOS[cause], MEANINGS[cause]
            reasons[errno] = f"{reasons[errno]} Or: {when}" if errno in reasons else when
        properties: Schema = {
            "errno": _errno_enum(dict(sorted(reasons.items()))),
            "errmsg": {"type": "string", "minLength": 1, "description": "For people, in Chinese."},
        }
        schema = _envelope("Refusal", self._dialect, properties)
        if {Errno.REQERR, Errno.IPERR} & set(reasons):
            schema["properties"]["retry_after"] = {
                "type": "integer",
                "minimum": 1,
                "description": "Seconds to wait before trying again; only where a limit was reached.",
            }
        return schema


def _refusals_of(route: Route) -> Iterable[E | Errno]:
    """The route's own, and what follows from its flags."""
    yield from route.refusals
    if route.reads is not NoFields:
        yield E.INVALID_INPUT
    if route.takes_credentials:
        yield from (E.UNAUTHENTICATED, *SIGN_IN_REFUSALS)
    if route.is_guarded:
        yield Errno.REQERR
    yield from (E.SERVICE_UNAVAILABLE, Errno.SERVERERR)


def _envelope(title: str, dialect: Dialect, properties: Schema) -> Schema:
    for copy, name in dialect.copies.items():
        original = properties[name]
        values = {"enum": [str(n) for n in original["enum"]]} if "enum" in original else {}
        const = {"const": str(original["const"])} if "const" in original else {}
        properties[copy] = {
            "type": "string",
            "description": f"`{name}` again, as a string.",
            **values,
            **const,
        }
    return {"title": title, "type": "object", "required": list(properties), "properties": properties}


def _errno_enum(reasons: Mapping[Errno, str]) -> Schema:
    """Numbers with their names and reasons, in the form that code generators know."""
    return {
        "type": "integer",
        "enum": [int(errno) for errno in reasons],
        "x-enum-varnames": [errno.name for errno in reasons],
        "x-enum-descriptions": list(reasons.values()),
    }


def _outside(name: str, dialect: Dialect) -> Schema:
    status, errno, text, when = OUTSIDE[name]
    properties: Schema = {
        "errno": {"type": "integer", "const": int(errno)},
        "errmsg": {"type": "string", "const": text},
    }
    schema = _envelope(name, dialect, properties)
    if status == 503:
        schema["properties"]["retry_after"] = {"type": "integer", "minimum": 1}
    return {"description": f"HTTP {status}. {when}", "content": {_JSON: {"schema": schema}}}


def _example_of(schema: Schema) -> Any:  # noqa: ANN401 - an example is any JSON value
    """One value that the schema describes, put together from its examples."""
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        return {name: _example_of(schema["properties"][name]) for name in schema["required"]}
    return schema["examples"][0] if "examples" in schema else _example_of(schema["anyOf"][0])


def _describe(dialect: Dialect, cookie_name: str) -> str:
    return _DESCRIPTION.format(
        copies="".join(f', "{name}"' for name in dialect.copies),
        body=MAXIMUM_BODY_BYTES // 1024,
        upload=MAXIMUM_UPLOAD_BYTES // 1024**2,
        cookie=cookie_name,
        dialect=dialect.name,
    )


def _version() -> str:
    try:
        return version("account-gateway")
    except PackageNotFoundError:
        return "unknown"
