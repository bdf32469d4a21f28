"""What the endpoint itself refuses, as codes for programs.

Names that other GraphQL servers and clients already know are kept, `PERSISTED_QUERY_NOT_FOUND` for one.
"""

from enum import StrEnum
from typing import Final


class EndpointErrorCode(StrEnum):
    """Why a request could not be served. The list only grows: clients compare against it."""

    BAD_REQUEST = "BAD_REQUEST"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    CROSS_SITE_REFUSED = "CROSS_SITE_REFUSED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    SERVER_BUSY = "SERVER_BUSY"
    URL_TOO_LONG = "URL_TOO_LONG"
    VARIABLES_TOO_LARGE = "VARIABLES_TOO_LARGE"
    BATCHING_DISABLED = "BATCHING_DISABLED"
    BATCH_LIMIT_EXCEEDED = "BATCH_LIMIT_EXCEEDED"

    UPLOAD_MALFORMED = "UPLOAD_MALFORMED"
    UPLOAD_FILE_LIMIT_EXCEEDED = "UPLOAD_FILE_LIMIT_EXCEEDED"
    UPLOAD_FILE_TOO_LARGE = "UPLOAD_FILE_TOO_LARGE"

    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"

    TOKEN_LIMIT_EXCEEDED = "TOKEN_LIMIT_EXCEEDED"
    LITERAL_LIMIT_EXCEEDED = "LITERAL_LIMIT_EXCEEDED"
    DEPTH_LIMIT_EXCEEDED = "DEPTH_LIMIT_EXCEEDED"
    ALIAS_LIMIT_EXCEEDED = "ALIAS_LIMIT_EXCEEDED"
    ROOT_FIELD_LIMIT_EXCEEDED = "ROOT_FIELD_LIMIT_EXCEEDED"
    MUTATION_LIMIT_EXCEEDED = "MUTATION_LIMIT_EXCEEDED"
    SINGLE_USE_FIELD_REPEATED = "SINGLE_USE_FIELD_REPEATED"
    DIRECTIVE_LIMIT_EXCEEDED = "DIRECTIVE_LIMIT_EXCEEDED"
    FIELD_DIRECTIVE_LIMIT_EXCEEDED = "FIELD_DIRECTIVE_LIMIT_EXCEEDED"
    SELECTION_LIMIT_EXCEEDED = "SELECTION_LIMIT_EXCEEDED"
    OVERLAP_LIMIT_EXCEEDED = "OVERLAP_LIMIT_EXCEEDED"

    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    PERSISTED_QUERY_HASH_MISMATCH = "PERSISTED_QUERY_HASH_MISMATCH"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"

    INTERNAL = "INTERNAL"

    @property
    def description(self) -> str:
        """What the code means and what to do about it, for a developer who has never seen this server."""
        return _DESCRIPTIONS[self]


_Code = EndpointErrorCode

_DESCRIPTIONS: Final[dict[EndpointErrorCode, str]] = {
    _Code.BAD_REQUEST: (
        "The HTTP request is not a GraphQL request: the JSON cannot be read, `query` is missing, or a parameter has "
        "the wrong type. Correct the request; the message says where."
    ),
    _Code.METHOD_NOT_ALLOWED: (
        "The HTTP method cannot be used for this. GET, HEAD, POST and OPTIONS are served; a mutation needs POST."
    ),
    _Code.NOT_ACCEPTABLE: (
        "None of the media types in the `Accept` header can be produced. Ask for "
        "`application/graphql-response+json` or `application/json`."
    ),
    _Code.UNSUPPORTED_MEDIA_TYPE: (
        "The body's `Content-Type`, charset or `Content-Encoding` is not served. Send `application/json` in UTF-8, "
        "or `multipart/form-data` for uploads, without compression."
    ),
    _Code.CROSS_SITE_REFUSED: (
        "The request came from a page of another site that is not on the list of allowed origins. "
        "The message names the header that shows it."
    ),
    _Code.BODY_TOO_LARGE: "The request's body is larger than the limit that the message names.",
    _Code.SERVER_BUSY: (
        "The bodies of all requests in flight leave no room for this one. Try again after `retryAfterSeconds`, which "
        "also the header `Retry-After` says."
    ),
    _Code.URL_TOO_LONG: "The query string is longer than the limit that the message names. Use POST.",
    _Code.VARIABLES_TOO_LARGE: "The JSON text of `variables` is larger than the limit that the message names.",
    _Code.BATCHING_DISABLED: "The body is an array of operations, and batching is off. Send one operation a request.",
    _Code.BATCH_LIMIT_EXCEEDED: "The array holds more operations than the limit that the message names.",
    _Code.UPLOAD_MALFORMED: (
        "The multipart body does not follow the GraphQL multipart request specification: first the field "
        "`operations`, then `map`, then exactly the files that `map` names, each mapped to a variable that is null."
    ),
    _Code.UPLOAD_FILE_LIMIT_EXCEEDED: "`map` names more files, or more places for them, than the limit allows.",
    _Code.UPLOAD_FILE_TOO_LARGE: "One file of the upload is larger than the limit that the message names.",
    _Code.GRAPHQL_PARSE_FAILED: "The document is not GraphQL: it has a syntax error at the named location.",
    _Code.GRAPHQL_VALIDATION_FAILED: "The document does not fit the schema; each error names its location.",
    _Code.OPERATION_RESOLUTION_FAILURE: (
        "It is not clear which operation to run: `operationName` is needed and missing, or names none in the document."
    ),
    _Code.BAD_USER_INPUT: "A variable's value does not fit the type that the operation declares for it.",
    _Code.INTROSPECTION_DISABLED: "Introspection is off on this server. Use the published schema file.",
    _Code.TOKEN_LIMIT_EXCEEDED: "The document has more tokens (names, numbers, brackets) than the limit.",
    _Code.LITERAL_LIMIT_EXCEEDED: (
        "The text in the document's string literals is longer than the limit. Pass long values as variables."
    ),
    _Code.DEPTH_LIMIT_EXCEEDED: "The operation's fields are nested deeper than the limit, fragments included.",
    _Code.ALIAS_LIMIT_EXCEEDED: "The operation uses more aliases than the limit, fragments included.",
    _Code.ROOT_FIELD_LIMIT_EXCEEDED: "The operation asks for more top-level fields than the limit.",
    _Code.MUTATION_LIMIT_EXCEEDED: "One request carries more mutation fields than the limit.",
    _Code.SINGLE_USE_FIELD_REPEATED: (
        "A mutation that one request may use only once, such as a sign-in, stands in it more than once."
    ),
    _Code.DIRECTIVE_LIMIT_EXCEEDED: "The document uses more directives than the limit.",
    _Code.FIELD_DIRECTIVE_LIMIT_EXCEEDED: "One place in the document carries more directives than the limit.",
    _Code.SELECTION_LIMIT_EXCEEDED: (
        "With every fragment written out where it is spread, the operation has more selections than the limit."
    ),
    _Code.OVERLAP_LIMIT_EXCEEDED: (
        "Too many fields share a response name, so that checking whether they can be merged costs more than allowed."
    ),
    _Code.PERSISTED_QUERY_NOT_FOUND: (
        "No document is known by this hash or id. Clients with automatic persisted queries send the text next."
    ),
    _Code.PERSISTED_QUERY_NOT_SUPPORTED: "Automatic persisted queries are off. Send the document itself.",
    _Code.PERSISTED_QUERY_HASH_MISMATCH: "The hash that was sent is not the SHA-256 of the document that came with it.",
    _Code.DOCUMENT_NOT_TRUSTED: "This server runs only the documents that were registered with it beforehand.",
    _Code.INTERNAL: "An unexpected fault of the server. Report the `requestId` in `extensions`.",
}
"""One sentence or two for each code; they become the descriptions of the enum's values in the schema."""
