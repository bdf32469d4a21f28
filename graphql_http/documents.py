"""Documents made ready to run, and kept while there is room.

To prepare a document is to parse it, measure it, and validate it; that takes a hundred times as long as to find it.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from sys import getsizeof
from typing import Any, Final

from graphql import DocumentNode, GraphQLSchema, GraphQLSyntaxError, OperationDefinitionNode

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import RequestRefusedError, refuse_operation, report_input_error
from graphql_http.lexing import parse_document
from graphql_http.options import EndpointOptions
from graphql_http.query_cost import QueryCost, check_cost, measure_operations
from graphql_http.validation import check_document, hide_types

LOGGED_NAME_MAXIMUM_CHARACTERS: Final = 64

# A client chooses the name; a number in it may be somebody's.
_LONG_NUMBER: Final = re.compile(r"[0-9]{6,}")
ASKS_FOR_A_TYPE: Final = re.compile(r"__type(?![_0-9A-Za-z])")
BODY_MAXIMUM_BYTES: Final = 4_096
BYTES_PER_TOKEN: Final = 450
BYTES_PER_DOCUMENT: Final = 2_500
"""Memory of a prepared document besides its text, measured with tracemalloc: 300 to 450 bytes a token."""


@dataclass(slots=True, eq=False)
class PreparedOperation:
    """One operation of a valid document, within all limits."""

    document: DocumentNode
    definition: OperationDefinitionNode
    name: str | None
    kind: str
    """`query`, `mutation` or `subscription`."""
    cost: QueryCost
    errors_maximum: int
    """How many errors are worth collecting."""
    plan: Any = None
    """What an executor keeps for this operation; see `keep_plan`."""
    keeper: "Documents | None" = field(default=None, repr=False)
    """The cache that is told when a plan is kept."""
    text: str = field(default="", repr=False)
    note: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the log says of a request that ran this operation without errors."""

    def keep_plan(self, plan: object, memory_bytes: int) -> None:
        """Keep what an executor has made once for this operation, and what memory it takes."""
        self.plan = plan
        if self.keeper is not None:
            self.keeper.grow(self, memory_bytes)


@dataclass(slots=True, eq=False)
class PreparedDocument:
    """A valid document with its operations by name; the only one is also found under None."""

    text: str
    sha256: str
    operations: dict[str | None, PreparedOperation]
    memory_bytes: int
    body: bytes | None = None
    """A request's body that means one of the operations, without variables; see `Documents.keep_body`."""

    def select(self, name: str | None) -> PreparedOperation:
        """Choose the operation to run.

        Raises:
            RequestRefusedError: `name` is needed and missing, or names no operation.
        """
        operation = self.operations.get(name)
        if operation is None:
            message = (
                "The document has several operations: `operationName` must name one of them."
                if name is None
                else "The document has no operation of the name that `operationName` gives."
            )
            raise refuse_operation(EndpointErrorCode.OPERATION_RESOLUTION_FAILURE, message)
        return operation


class Documents:
    """Prepares documents against a schema, and keeps the last used within `options.document_cache_bytes`."""

    def __init__(self, schema: GraphQLSchema, options: EndpointOptions) -> None:
        self._schema = schema
        self._options = options
        self._kept: OrderedDict[str, PreparedDocument] = OrderedDict()
        self._by_hash: dict[str, PreparedDocument] = {}
        self._by_body: dict[bytes, PreparedOperation] = {}
        self.memory_bytes = 0

    def __len__(self) -> int:
        """How many documents are kept."""
        return len(self._kept)

    def prepare(self, text: str) -> PreparedDocument:
        """Give the prepared document of `text`.

        Raises:
            RequestRefusedError: it does not parse, exceeds a limit or is not valid. Nothing is kept of it.
        """
        prepared = self._kept.get(text)
        if prepared is not None:
            self._kept.move_to_end(text)
            return prepared
        prepared = self._make(text)
        self._keep(prepared)
        return prepared

    def find_by_hash(self, sha256_hex: str) -> PreparedDocument | None:
        """Find a kept document by the SHA-256 of its text."""
        prepared = self._by_hash.get(sha256_hex)
        if prepared is not None:
            self._kept.move_to_end(prepared.text)
        return prepared

    def find_by_body(self, body: bytes) -> PreparedOperation | None:
        """Find the operation that a body of the very same bytes has meant before."""
        operation = self._by_body.get(body)
        if operation is not None:
            self._kept.move_to_end(operation.text)
        return operation

    def keep_body(self, body: bytes, operation: PreparedOperation) -> None:
        """Remember that `body` means `operation`, without variables: the newest of each document, a short one only.

        A page asks the same question over and over, and its bytes tell all that reading and choosing would.
        """
        prepared = self._kept.get(operation.text)
        if prepared is None or len(body) > BODY_MAXIMUM_BYTES:
            return
        memory_bytes = len(body)
        if prepared.body is not None:
            del self._by_body[prepared.body]
            memory_bytes -= len(prepared.body)
        prepared.body = body
        self._by_body[body] = operation
        self.grow(operation, memory_bytes)

    def grow(self, operation: PreparedOperation, memory_bytes: int) -> None:
        """Count `memory_bytes` more for the document of `operation`, if it is still kept."""
        prepared = self._kept.get(operation.text)
        if prepared is not None and prepared.operations.get(operation.name) is operation:
            prepared.memory_bytes += memory_bytes
            self.memory_bytes += memory_bytes
            self._make_room()

    def _make(self, text: str) -> PreparedDocument:
        options = self._options
        document = self._parse(text)
        measured = measure_operations(document, options)
        tokens = document.token_count
        for _, cost in measured:
            cost.tokens = tokens
            check_cost(cost, options)
        check_document(self._schema, document, options)
        if not options.is_introspection_allowed and ASKS_FOR_A_TYPE.search(text):
            document = hide_types(document)
        prepared = PreparedDocument(
            text=text,
            sha256=sha256(text.encode()).hexdigest(),
            operations={},
            memory_bytes=BYTES_PER_DOCUMENT + getsizeof(text) + BYTES_PER_TOKEN * tokens,
        )
        self._add_operations(prepared, document, [cost for _, cost in measured])
        return prepared

    def _parse(self, text: str) -> DocumentNode:
        options = self._options
        try:
            return parse_document(
                text,
                tokens_maximum=options.tokens_maximum,
                literals_maximum_characters=options.literals_maximum_characters,
            )
        except GraphQLSyntaxError as error:
            entry = report_input_error(error, EndpointErrorCode.GRAPHQL_PARSE_FAILED.value)
            raise RequestRefusedError([entry], is_well_formed=True) from None

    def _add_operations(
        self,
        prepared: PreparedDocument,
        document: DocumentNode,
        costs: list[QueryCost],
    ) -> None:
        """Take the operations from `document`, which may have been rewritten since it was measured."""
        definitions = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        for definition, cost in zip(definitions, costs, strict=True):
            name = definition.name.value if definition.name else None
            prepared.operations[name] = PreparedOperation(
                document=document,
                definition=definition,
                name=name,
                kind=definition.operation.value,
                cost=cost,
                errors_maximum=self._options.reported_errors_maximum,
                keeper=self,
                text=prepared.text,
                note={
                    "operation": _LONG_NUMBER.sub("…", name or definition.operation.value)[
                        :LOGGED_NAME_MAXIMUM_CHARACTERS
                    ],
                    "document": prepared.sha256[:16],
                    "error_codes": [],
                },
            )
        if len(costs) == 1:
            prepared.operations[None] = next(iter(prepared.operations.values()))

    def _keep(self, prepared: PreparedDocument) -> None:
        self._kept[prepared.text] = prepared
        self._by_hash[prepared.sha256] = prepared
        self.memory_bytes += prepared.memory_bytes
        self._make_room()

    def _make_room(self) -> None:
        """Let go of what was used longest ago."""
        while self.memory_bytes > self._options.document_cache_bytes and self._kept:
            _, dropped = self._kept.popitem(last=False)
            self._by_hash.pop(dropped.sha256, None)
            if dropped.body is not None:
                del self._by_body[dropped.body]
            self.memory_bytes -= dropped.memory_bytes
