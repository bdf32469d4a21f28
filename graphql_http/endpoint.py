"""GraphQL over HTTP, as an ASGI application over any graphql-core schema.

negotiate -> read -> prepare -> execute -> answer; each step is a module of this package.
"""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, Final

import msgspec
from graphql import GraphQLSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from graphql_http.document_lookup import DocumentLookup
from graphql_http.documents import PreparedDocument, PreparedOperation
from graphql_http.error_codes import EndpointErrorCode
from graphql_http.error_reporter import (
    ErrorReporter,
    describe_nothing,
    internal_extensions,
    internal_message,
    log_unexpected,
)
from graphql_http.errors import CLOSE, RequestRefusedError, refuse
from graphql_http.execution import DescribeError, Executor, Result, SchemaExecutor
from graphql_http.negotiation import LEGACY_JSON, MediaType, negotiate, prefers_html
from graphql_http.options import EndpointOptions
from graphql_http.persisted import PersistedQueries
from graphql_http.query_cost import check_cost, sum_costs
from graphql_http.reading import (
    NULL,
    Head,
    Parameters,
    body_kind,
    no_room,
    read_body,
    read_head,
    read_json,
    read_url,
    read_variables,
)
from graphql_http.responses import (
    Response,
    encode,
    response_messages,
    response_to_refusal,
    response_to_result,
)
from graphql_http.timings import Timings
from graphql_http.trusted import TrustedDocuments
from graphql_http.uploads import AdmitUpload, admit_everybody, open_upload
from request_bodies import Body, BodyBudget, ClientGoneError, NoRoomError

ALLOWED_METHODS: Final = b"GET, HEAD, POST, OPTIONS"
NO_CONTENT: Final = 204
_NO_VARIABLES: Final = (NULL, msgspec.Raw(b"{}"))


def client_host(scope: Scope) -> str:
    """Give the peer's address; behind a proxy the gateway knows better."""
    client = scope.get("client")
    return client[0] if client else ""


def request_id_in_state(scope: Scope) -> str | None:
    """Give the request id that a middleware left in the scope's state."""
    request_id = scope.get("state", {}).get("request_id")
    return request_id if isinstance(request_id, str) else None


class GraphQLEndpoint:
    """Serves GraphQL over HTTP by the specification: POST JSON, GET, uploads, and batches where they are allowed.

    It leaves a note about each request in `scope["state"]["graphql"]`; see `Timings.note`. Cookies, CORS and the
    cross-site rule are not its business: a middleware in front has them. `extensions_of` is asked after each execution
    for what stands in the response's `extensions`.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        *,
        make_context: Callable[[Scope], object],
        options: EndpointOptions | None = None,
        executor: Executor | None = None,
        describe_error: DescribeError = describe_nothing,
        trusted: TrustedDocuments | None = None,
        persisted: PersistedQueries | None = None,
        graphiql: ASGIApp | None = None,
        request_id_of: Callable[[Scope], str | None] = request_id_in_state,
        address_of: Callable[[Scope], str] = client_host,
        extensions_of: Callable[[Scope], Mapping[str, object] | None] | None = None,
        bodies: BodyBudget | None = None,
        admit_upload: AdmitUpload = admit_everybody,
    ) -> None:
        self._options = options or EndpointOptions()
        suggestions = self._options.are_suggestions_shown
        self._executor = executor or SchemaExecutor(schema, are_suggestions_shown=suggestions)
        self._make_context = make_context
        self._reporter = ErrorReporter(describe_error, self._options.reported_errors_maximum)
        self.lookup = DocumentLookup(schema, self._options, trusted=trusted, persisted=persisted)
        self._graphiql = graphiql
        self._request_id_of = request_id_of
        self._address_of = address_of
        self._extensions_of = extensions_of
        self._bodies = bodies or BodyBudget()
        self._admit_upload = admit_upload

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request; whatever it holds, the answer is a GraphQL response with codes."""
        timings = Timings(perf_counter())
        head = read_head(scope["headers"])
        if self._graphiql is not None and scope["method"] in {"GET", "HEAD"} and prefers_html(head.accept):
            return self._graphiql(scope, receive, send)
        return self._answer(scope, receive, send, head, timings)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, head: Head, timings: Timings) -> None:
        with self._bodies.open(receive) as body:
            media = LEGACY_JSON
            try:
                media = negotiate(head.accept)
                asked: bytes | None = None
                operation: PreparedOperation | None = None
                if scope["method"] == "POST" and body_kind(head) == "json":
                    asked = await read_body(body, head, self._options.body_maximum_bytes)
                    timings.read = perf_counter()
                    operation = self.lookup.documents.find_by_body(asked)
                if operation is None:
                    response = await self._serve(scope, body, head, asked, timings)
                else:
                    # As `_serve` would in the end, in fewer steps: nearly all requests repeat another one.
                    timings.add_operation(operation)
                    context = self._make_context(scope)
                    response = self._response_to(
                        await self._executor(operation, {}, context), context, scope, timings
                    )
                content = encode(response.content)
            except RequestRefusedError as refusal:
                response = response_to_refusal(refusal)
                content = encode(response.content)
            except NoRoomError:
                response = response_to_refusal(no_room())
                content = encode(response.content)
            except ClientGoneError:
                return
            except Exception as exception:  # noqa: BLE001 - the last line: a client never sees a traceback
                response = self._response_to_unexpected(exception, scope)
                content = encode(response.content)
            scope.setdefault("state", {})["graphql"] = timings.note(response.content)
            if self._options.is_server_timing_sent:
                response.headers = (*response.headers, timings.server_timing())
            messages = response_messages(response, content, media, has_body=scope["method"] != "HEAD")
            if CLOSE in response.headers:
                await body.answer_and_close(send, *messages)
                return
            for message in messages:
                await send(message)

    async def refuse(self, scope: Scope, send: Send, refusal: RequestRefusedError) -> None:
        """Answer for a middleware that refuses a request at this door, in the form that the client asked for."""
        try:
            media: MediaType = negotiate(read_head(scope["headers"]).accept)
        except RequestRefusedError:
            media = LEGACY_JSON
        response = response_to_refusal(refusal)
        scope.setdefault("state", {})["graphql"] = Timings(perf_counter()).note(response.content)
        for message in response_messages(
            response, encode(response.content), media, has_body=scope["method"] != "HEAD"
        ):
            await send(message)

    async def _serve(
        self, scope: Scope, body: Body, head: Head, asked: bytes | None, timings: Timings
    ) -> Response:
        """Serve what is not known by its bytes: another JSON, or none."""
        if asked is not None:
            return await self._serve_json(asked, scope, timings)
        method = scope["method"]
        if method == "POST":
            return await self._serve_upload(scope, body, head, timings)
        if method in {"GET", "HEAD"}:
            parameters = read_url(scope.get("query_string", b""), self._options)
            timings.read = perf_counter()
            return await self._serve_one(parameters, None, scope, timings)
        if method == "OPTIONS":
            return Response(None, NO_CONTENT, NO_CONTENT, ((b"allow", ALLOWED_METHODS),))
        message = "Only GET, HEAD, POST and OPTIONS are served here."
        headers = ((b"allow", ALLOWED_METHODS),)
        raise refuse(EndpointErrorCode.METHOD_NOT_ALLOWED, message, status=405, headers=headers)

    async def _serve_upload(self, scope: Scope, body: Body, head: Head, timings: Timings) -> Response:
        """Ask who it is before the files are taken in."""
        async with self._admit_upload(scope) as uploader:
            if uploader.is_known:
                body.trust()
            async with open_upload(body, head, self._options, keeps_files=uploader.keeps_files) as upload:
                parameters, variables = upload
                timings.read = perf_counter()
                return await self._serve_one(parameters, variables, scope, timings)

    async def _serve_json(self, body: bytes, scope: Scope, timings: Timings) -> Response:
        asked = read_json(body)
        if isinstance(asked, list):
            return await self._serve_batch(asked, scope, timings)
        document = self.lookup.find_at_once(asked)
        if document is None or asked.variables not in _NO_VARIABLES:
            return await self._serve_one(asked, None, scope, timings, document)
        operation = _select(document, asked, scope)
        self.lookup.documents.keep_body(body, operation)
        timings.add_operation(operation)
        return await self._execute(operation, {}, self._make_context(scope), scope, timings)

    async def _serve_one(
        self,
        parameters: Parameters,
        variables: Mapping[str, Any] | None,
        scope: Scope,
        timings: Timings,
        document: PreparedDocument | None = None,
    ) -> Response:
        """Run one request, with the variables of an upload, or else its own; of `document`, if it is found already."""
        operation = await self._prepare(parameters, scope, timings, document)
        if variables is None:
            variables = read_variables(parameters, self._options)
        return await self._execute(operation, variables, self._make_context(scope), scope, timings)

    async def _prepare(
        self, parameters: Parameters, scope: Scope, timings: Timings, document: PreparedDocument | None = None
    ) -> PreparedOperation:
        if document is None:
            document = await self.lookup.find(parameters, self._address_of(scope))
        operation = _select(document, parameters, scope)
        timings.add_operation(operation)
        return operation

    async def _execute(
        self,
        operation: PreparedOperation,
        variables: Mapping[str, Any],
        context: object,
        scope: Scope,
        timings: Timings,
    ) -> Response:
        return self._response_to(await self._executor(operation, variables, context), context, scope, timings)

    def _response_to(self, result: Result, context: object, scope: Scope, timings: Timings) -> Response:
        timings.execute = perf_counter()
        if not result.errors:
            response = Response({"data": result.data})
        else:
            entries = self._reporter.report(result.errors, context, self._request_id_of(scope))
            response = response_to_result(result, entries, self._options.partial_success_status)
        extensions = self._extensions_of and self._extensions_of(scope)
        if extensions:
            response.content["extensions"] = extensions
        return response

    async def _serve_batch(self, batch: list[Parameters], scope: Scope, timings: Timings) -> Response:
        """Run a list of requests one after the other; all are measured together before the first runs."""
        self._check_batch_length(len(batch))
        prepared = [await self._prepare_or_refuse(parameters, scope, timings) for parameters in batch]
        operations = [p for p in prepared if isinstance(p, PreparedOperation)]
        check_cost(sum_costs(o.cost for o in operations), self._options)
        context = self._make_context(scope)
        responses = [
            await self._run_of_batch(p, parameters, context, scope, timings)
            for p, parameters in zip(prepared, batch, strict=True)
        ]
        return Response([response.content for response in responses])

    def _check_batch_length(self, length: int) -> None:
        maximum = self._options.batch_maximum
        if maximum == 0:
            message = "Batching is off: send one operation, not an array of them."
            raise refuse(EndpointErrorCode.BATCHING_DISABLED, message)
        if length == 0:
            raise refuse(EndpointErrorCode.BAD_REQUEST, "The array of operations is empty.")
        if length > maximum:
            message = f"Operations in one array: at most {maximum} allowed, found {length}."
            raise refuse(EndpointErrorCode.BATCH_LIMIT_EXCEEDED, message, extensions={"maximum": maximum})

    async def _prepare_or_refuse(
        self, parameters: Parameters, scope: Scope, timings: Timings
    ) -> PreparedOperation | RequestRefusedError:
        try:
            return await self._prepare(parameters, scope, timings)
        except RequestRefusedError as refusal:
            return refusal

    async def _run_of_batch(
        self,
        prepared: PreparedOperation | RequestRefusedError,
        parameters: Parameters,
        context: object,
        scope: Scope,
        timings: Timings,
    ) -> Response:
        try:
            if isinstance(prepared, RequestRefusedError):
                raise prepared
            variables = read_variables(parameters, self._options)
            return await self._execute(prepared, variables, context, scope, timings)
        except RequestRefusedError as refusal:
            return response_to_refusal(refusal)

    def _response_to_unexpected(self, exception: Exception, scope: Scope) -> Response:
        request_id = self._request_id_of(scope)
        log_unexpected(exception, request_id)
        extensions = {"code": EndpointErrorCode.INTERNAL.value, **internal_extensions(request_id)}
        entry = {"message": internal_message(request_id), "extensions": extensions}
        return Response({"errors": [entry]}, 500, 500)


def _select(document: PreparedDocument, parameters: Parameters, scope: Scope) -> PreparedOperation:
    """Choose the operation that a request means, and see to it that the method may run it."""
    operation = document.select(parameters.operation_name or None)
    check_method(operation, scope["method"])
    return operation


def check_method(operation: PreparedOperation, method: str) -> None:
    """Refuse what the method must not do: GET and HEAD change nothing; nobody subscribes over plain HTTP.

    Raises:
        RequestRefusedError: 405.
    """
    if operation.kind == "query" or (operation.kind == "mutation" and method == "POST"):
        return
    message = f"A {operation.kind} cannot be run by {method}."
    if operation.kind == "mutation":
        message += " Use POST."
    headers = ((b"allow", b"POST"),)
    raise refuse(EndpointErrorCode.METHOD_NOT_ALLOWED, message, status=405, headers=headers)
