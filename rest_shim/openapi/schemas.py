"""The JSON schemas of the envelope and of what each endpoint puts into `data`."""

from collections.abc import Iterable, Mapping
from typing import Any

from rest_shim.dialects import Dialect
from rest_shim.errno import TEXTS, Errno
from rest_shim.openapi.refusals import Refusal

Schema = dict[str, Any]

_AVATAR_URL = "^(https?://[^/]+)?/avatars/[0-9a-f]{64}\\.webp$"

EMPTY: Schema = {"type": "object", "description": "Nothing.", "maxProperties": 0, "examples": [{}]}

_ACCOUNT_PROPERTIES: Schema = {
    "user_id": {
        "type": "integer",
        "minimum": 1,
        "description": "Never changes, never reused.",
        "examples": [1],
    },
    "name": {"type": "string", "description": "At first the mobile number.", "examples": ["18736008450"]},
    "mobile": {
        "type": "string",
        "description": "The national form for +86, E.164 for other countries.",
        "examples": ["18736008450"],
    },
}
ACCOUNT: Schema = {
    "type": "object",
    "required": list(_ACCOUNT_PROPERTIES),
    "properties": _ACCOUNT_PROPERTIES,
}
SIGNED_IN: Schema = {
    **ACCOUNT,
    "properties": {
        **_ACCOUNT_PROPERTIES,
        "token": {
            "type": "string",
            "pattern": "^[A-Za-z0-9_-]{43}$",
            "description": "For `Authorization: Bearer`; only where `token_delivery` is `body`.",
        },
    },
}
_EXAMPLE_URL = f"/avatars/{'8f14e45fceea167a' * 4}.webp"
URL: Schema = {
    "type": "string",
    "pattern": _AVATAR_URL,
    "description": "Where the picture is (WebP, 512 pixels). Absolute where the operator set a public URL.",
    "examples": [_EXAMPLE_URL],
}
_URL_OR_NULL: Schema = {**URL, "type": ["string", "null"], "description": "Null without a picture."}
PROFILE: Schema = {
    "type": "object",
    "required": [*_ACCOUNT_PROPERTIES, "avatar", "avatar_url", "create_time"],
    "properties": {
        **_ACCOUNT_PROPERTIES,
        "avatar": _URL_OR_NULL,
        "avatar_url": {**_URL_OR_NULL, "description": "The same as `avatar`."},
        "create_time": {
            "type": "string",
            "pattern": "^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d$",
            "description": "When the account was registered, China Standard Time (UTC+8).",
            "examples": ["2026-03-01 20:00:00"],
        },
    },
}
NAME: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "The name as it is kept.", "examples": ["小明"]}
    },
}
USER_NAME: Schema = {"type": "string", "description": "The user name.", "examples": ["18736008450"]}
USER_NAME_OBJECT: Schema = {"type": "object", "required": ["name"], "properties": {"name": USER_NAME}}
AUTH: Schema = {
    "type": "object",
    "required": ["real_name", "id_card"],
    "properties": {
        "real_name": {
            "type": ["string", "null"],
            "description": "Masked, all but the last character; null while none has been submitted.",
            "examples": ["*三"],
        },
        "id_card": {
            "type": ["string", "null"],
            "pattern": "^\\d{4}\\*{10}\\d{3}[\\dX]$",
            "description": "Masked in the middle; null while none has been submitted.",
            "examples": ["1101**********002X"],
        },
    },
}
BESIDE_AVATAR: Mapping[str, Schema] = {"url": URL, "avatar": URL}

_RETRY_AFTER: Schema = {
    "type": "integer",
    "minimum": 1,
    "description": "How many seconds to wait before trying again; only where a limit was reached.",
}


def errno_schema() -> Schema:
    """The whole table, for clients that keep one."""
    return _errno_enum({errno: f"{errno.name}: {text}" for errno, text in TEXTS.items()})


def success_schema(dialect: Dialect, data: Schema | None, beside_data: Mapping[str, Schema]) -> Schema:
    """The envelope of a success; `data` is None where there is none."""
    properties: Schema = {
        "errno": {"type": "integer", "const": int(Errno.OK)},
        "errmsg": {"type": "string", "const": "OK"},
    }
    if data is not None:
        properties["data"] = data
    properties |= beside_data
    return _envelope("Success", dialect, properties, [str(int(Errno.OK))])


def refusal_schema(dialect: Dialect, refusals: Iterable[Refusal]) -> Schema:
    """The envelope of every refusal that one endpoint can give."""
    reasons: dict[Errno, str] = {}
    for refusal in refusals:
        errno = refusal.errno(dialect)
        reasons[errno] = f"{reasons[errno]}; or {refusal.when}" if errno in reasons else refusal.when
    properties: Schema = {
        "errno": _errno_enum(dict(sorted(reasons.items()))),
        "errmsg": {"type": "string", "minLength": 1, "description": "For people, in Chinese."},
    }
    schema = _envelope("Refusal", dialect, properties, [str(int(errno)) for errno in reasons])
    if {Errno.REQERR, Errno.IPERR} & set(reasons):
        schema["properties"]["retry_after"] = _RETRY_AFTER
    return schema


def example_of(schema: Schema) -> Any:  # noqa: ANN401 - an example is any JSON value
    """One value that the schema describes, put together from its examples."""
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        required = schema["required"] if "required" in schema else schema["properties"]
        return {name: example_of(schema["properties"][name]) for name in required}
    return schema["examples"][0]


def _envelope(title: str, dialect: Dialect, properties: Schema, errcodes: list[str]) -> Schema:
    for copy, name in dialect.copies.items():
        properties[copy] = {"type": "string", "description": f"`{name}` again, as a string."}
        if name == "errno":
            properties[copy] |= {"enum": sorted(errcodes), "examples": errcodes[:1]}
        else:
            properties[copy]["examples"] = ["OK"]
    required = [name for name in properties if name != "retry_after"]
    return {"title": title, "type": "object", "required": required, "properties": properties}


def _errno_enum(reasons: Mapping[Errno, str]) -> Schema:
    """Numbers with their names and reasons, in the form that code generators know."""
    return {
        "type": "integer",
        "enum": [int(errno) for errno in reasons],
        "x-enum-varnames": [errno.name for errno in reasons],
        "x-enum-descriptions": list(reasons.values()),
    }
