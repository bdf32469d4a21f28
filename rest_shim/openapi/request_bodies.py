"""How fields are sent: in the query, as JSON or a form, or as a multipart upload; with the dialect's aliases."""

from collections.abc import Iterable

from rest_shim.dialects import Dialect
from rest_shim.openapi.fields import Field, Schema
from rest_shim.openapi.operations import Operation


def parameters_of(operation: Operation, dialect: Dialect) -> list[Schema]:
    """The query parameters."""
    return [parameter for field in operation.query for parameter in _spellings(field, dialect)]


def _spellings(field: Field, dialect: Dialect) -> Iterable[Schema]:
    """The parameter and its aliases. Where there are some none is required, since any one of them will do."""
    aliases = dialect.aliases.get(field.name, ())
    parameter = {"in": "query", "required": False, "schema": field.schema}
    yield {
        **parameter,
        "name": field.name,
        "required": _is_required(field, dialect) and not aliases,
        "description": field.description,
        "example": field.example,
    }
    for alias in aliases:
        yield {**parameter, "name": alias, "description": f"The same as `{field.name}`, which counts first."}


def request_body_of(operation: Operation, dialect: Dialect) -> Schema:
    """The body. A form is what a page's form sends; both are read by the same rules."""
    schema = _object_schema(operation.body, dialect)
    if operation.upload:
        schema["properties"] = {operation.upload: {"description": "The file."}, **schema["properties"]}
        schema["required"] = [operation.upload]
        encoding = {
            operation.upload: {
                "contentType": "image/jpeg, image/png, image/webp, image/gif, application/octet-stream"
            }
        }
        return {
            "required": True,
            "content": {"multipart/form-data": {"schema": schema, "encoding": encoding}},
        }
    example = {field.name: field.example for field in operation.body if field.is_required}
    media = {"schema": schema, "example": example}
    return {
        "required": True,
        "content": {"application/json": media, "application/x-www-form-urlencoded": media},
    }


def _object_schema(fields: Iterable[Field], dialect: Dialect) -> Schema:
    properties: Schema = {}
    required: list[str] = []
    alternatives: list[Schema] = []
    for field in fields:
        aliases = dialect.aliases.get(field.name, ())
        properties[field.name] = {**field.schema, "description": field.description}
        for alias in aliases:
            properties[alias] = {
                **field.schema,
                "description": f"The same as `{field.name}`, which counts first.",
            }
        if _is_required(field, dialect) and aliases:
            alternatives.append({"anyOf": [{"required": [name]} for name in (field.name, *aliases)]})
        elif _is_required(field, dialect):
            required.append(field.name)
    schema: Schema = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    if alternatives:
        schema["allOf"] = alternatives
    return schema


def _is_required(field: Field, dialect: Dialect) -> bool:
    return field.is_required and field.name not in dialect.optional_fields
