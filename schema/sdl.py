"""The schema itself, and its printed form."""

import json
from datetime import datetime

import strawberry
from graphql import GraphQLSchema, introspection_from_schema
from starlette.datastructures import UploadFile
from strawberry.file_uploads import Upload
from strawberry.schema.config import StrawberryConfig

from schema.errors import ERROR_TYPES, RequestErrorCode
from schema.mutations import Mutation
from schema.queries import Query


def _require_file(value: object) -> UploadFile:
    if not isinstance(value, UploadFile):
        raise TypeError("An Upload is a file of a multipart request, and nothing else.")
    return value


# Strawberry's own definitions take any value for a file, and do not say what a time looks like.
_UPLOAD = strawberry.scalar(
    name="Upload",
    description="A file: null in the JSON, sent beside it by the multipart request specification.",
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
    parse_value=_require_file,
)
_DATE_TIME = strawberry.scalar(
    name="DateTime",
    description="A time as RFC 3339 writes it, in UTC, to the microsecond at most: "
    "`2026-11-29T15:48:00.123456+00:00`.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    serialize=datetime.isoformat,
    parse_value=datetime.fromisoformat,
)

strawberry_schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    # No field refers to these: a payload's errors are of the interface, top-level codes stand in `extensions`.
    types=[*ERROR_TYPES.values(), RequestErrorCode],
    config=StrawberryConfig(scalar_map={Upload: _UPLOAD, datetime: _DATE_TIME}),
)

# The endpoint executes documents itself, over graphql-core's schema that Strawberry has made.
graphql_schema: GraphQLSchema = strawberry_schema._schema  # noqa: SLF001 - Strawberry has no public name for it


def print_sdl() -> str:
    """The schema definition language, as it is released in `schema/schema.graphql`."""
    return f"{strawberry_schema.as_str()}\n"


def print_introspection() -> str:
    """The same as introspection answers it, `{"__schema": …}`, which caches and generators of code read."""
    answer = introspection_from_schema(graphql_schema, input_value_deprecation=True)
    return f"{json.dumps(answer, ensure_ascii=False, indent=2)}\n"
