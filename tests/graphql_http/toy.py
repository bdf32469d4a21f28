"""A small schema to ask, and ways of asking it."""

import json
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, Unpack

import httpx
from graphql import GraphQLError, GraphQLResolveInfo, GraphQLSchema, build_schema
from starlette.datastructures import UploadFile
from starlette.types import ASGIApp

from graphql_http import EndpointOptions, ErrorDescription, GraphQLEndpoint, PersistedQueries
from graphql_http.execution import Executor
from graphql_http.trusted import TrustedDocuments
from request_bodies import BodyBudget

MODERN = "application/graphql-response+json"
LEGACY = "application/json"

SDL = """
scalar Upload
type Query {
  name: String
  me: Person
  echo(text: String, number: Int, tags: [String!], in: LoginInput): String
  slow: String
  broken: String
  refused: String
  deliberate: String
  needed: String!
  wrong: Int
}
type Person { id: ID! name: String! friend: Person friends: [Person!]! }
input LoginInput { mobile: String! password: String! }
type Payload { person: Person }
type Mutation {
  login(input: LoginInput!): Payload!
  register(input: LoginInput!): Payload!
  sendSmsCode(input: LoginInput!): Payload!
  logout: Payload!
  updateName(name: String!): Payload!
  upload(file: Upload!): String!
  uploadAll(files: [Upload!]!): [String!]!
}
directive @note(text: String) repeatable on QUERY | FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT | FRAGMENT_DEFINITION
"""
SINGLE_USE = frozenset({"login", "register", "sendSmsCode"})
LOGIN = '{mobile: "1", password: "x"}'


class ProductError(Exception):
    """What the toy's product refuses; its describer knows it."""


@dataclass
class Toy:
    """The schema, and what was done to it."""

    schema: GraphQLSchema
    done: list[str] = field(default_factory=list)
    uploads: list[UploadFile] = field(default_factory=list)


def build_toy() -> Toy:
    toy = Toy(build_schema(SDL))
    assert toy.schema.query_type is not None
    assert toy.schema.mutation_type is not None
    query, mutation = toy.schema.query_type.fields, toy.schema.mutation_type.fields
    person: dict[str, object] = {"id": "1", "name": "Ann", "friend": None, "friends": []}

    async def slow(*_: object) -> str:
        return "slow"

    def broken(*_: object) -> str:
        raise RuntimeError("the password of the database is 'hunter2'")

    def refused(*_: object) -> str:
        raise ProductError("nobody is signed in")

    def deliberate(*_: object) -> str:
        raise GraphQLError("As the resolver wished.", extensions={"code": "DELIBERATE"})

    def act(_: object, info: GraphQLResolveInfo[object], **__: object) -> dict[str, object]:
        toy.done.append(info.field_name)
        return {"person": person}

    async def upload(_: object, __: GraphQLResolveInfo[object], file: UploadFile) -> str:
        toy.uploads.append(file)
        content = await file.read()
        return f"{file.filename}|{file.content_type}|{file.size}|{len(content)}"

    async def upload_all(_: object, info: GraphQLResolveInfo[object], files: list[UploadFile]) -> list[str]:
        return [await upload(None, info, file) for file in files]

    query["name"].resolve = lambda *_: "toy"
    query["me"].resolve = lambda *_: person
    query["echo"].resolve = lambda _, __, **asked: json.dumps(asked, ensure_ascii=False)
    query["slow"].resolve = slow
    query["broken"].resolve = broken
    query["refused"].resolve = refused
    query["deliberate"].resolve = deliberate
    query["needed"].resolve = lambda *_: None
    query["wrong"].resolve = lambda *_: "a secret that is no integer"
    for name in ("login", "register", "sendSmsCode", "logout", "updateName"):
        mutation[name].resolve = act
    mutation["upload"].resolve = upload
    mutation["uploadAll"].resolve = upload_all
    return toy


def describe_product_error(exception: BaseException, context: object) -> ErrorDescription | None:
    if isinstance(exception, ProductError):
        return ErrorDescription("UNAUTHENTICATED", str(exception), {"hint": "sign in"})
    return None


class Parts(TypedDict, total=False):
    """What an endpoint may be given besides."""

    executor: Executor
    trusted: TrustedDocuments
    persisted: PersistedQueries
    graphiql: ASGIApp
    bodies: BodyBudget


def endpoint_of(toy: Toy, options: EndpointOptions | None = None, **parts: Unpack[Parts]) -> GraphQLEndpoint:
    return GraphQLEndpoint(
        toy.schema,
        make_context=lambda scope: {"path": scope["path"]},
        options=replace(options or EndpointOptions(), single_use_fields=SINGLE_USE),
        describe_error=describe_product_error,
        **parts,
    )


class Client:
    """Asks an endpoint over httpx."""

    def __init__(self, endpoint: GraphQLEndpoint) -> None:
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(endpoint), base_url="http://toy")

    async def ask(self, query: object, accept: str = MODERN, **parameters: object) -> httpx.Response:
        """POST a query as JSON."""
        return await self.send({"query": query, **parameters}, accept)

    async def send(
        self, body: object, accept: str | None = MODERN, content_type: str | None = LEGACY
    ) -> httpx.Response:
        """POST anything: bytes and text as they are, the rest as JSON."""
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        request = self.http.build_request("POST", "/graphql", content=content)
        request.headers.pop("accept", None)
        if accept is not None:
            request.headers["accept"] = accept
        if content_type is not None:
            request.headers["content-type"] = content_type
        return await self.http.send(request)

    async def get(self, accept: str | None = MODERN, **parameters: str) -> httpx.Response:
        request = self.http.build_request("GET", "/graphql", params=parameters)
        request.headers.pop("accept", None)
        if accept is not None:
            request.headers["accept"] = accept
        return await self.http.send(request)


def codes_of(response: httpx.Response) -> list[str]:
    """The error codes of an answer; every error has one."""
    return [error["extensions"]["code"] for error in response.json().get("errors", [])]


@dataclass
class RawAnswer:
    """What an endpoint sent to a bare ASGI server, and how much of the body it took."""

    messages: list[MutableMapping[str, Any]]
    chunks_taken: int

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.messages[1]["body"])
        return content

    @property
    def codes(self) -> list[str]:
        return [error["extensions"]["code"] for error in self.content["errors"]]


async def call_raw(
    endpoint: GraphQLEndpoint,
    chunks: Iterable[bytes] = (),
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    query_string: bytes = b"",
    state: dict[str, Any] | None = None,
    ends_early: bool = False,
) -> RawAnswer:
    """Call the endpoint as a server does: chunk by chunk, with the client going away at the end if so wished."""
    pending = list(chunks)
    count = len(pending)
    sent: list[MutableMapping[str, Any]] = []
    taken_before: list[int] = []

    async def receive() -> dict[str, Any]:
        if not pending:
            return {"type": "http.disconnect"} if ends_early else {"type": "http.request", "body": b""}
        chunk = pending.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(pending) or ends_early}

    async def send(message: MutableMapping[str, Any]) -> None:
        if not sent:
            taken_before.append(count - len(pending))
        sent.append(message)

    lowered = {"content-type": LEGACY, "accept": MODERN} if headers is None else headers
    scope = {
        "type": "http",
        "method": method,
        "path": "/graphql",
        "query_string": query_string,
        "headers": [(name.encode(), value.encode()) for name, value in lowered.items()],
        "client": ("127.0.0.1", 1),
        "state": {} if state is None else state,
    }
    await endpoint(scope, receive, send)
    return RawAnswer(sent, taken_before[0] if taken_before else count - len(pending))
