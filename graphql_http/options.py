"""The limits and the posture of the endpoint, as data."""

from dataclasses import dataclass
from typing import Final

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * KIBIBYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointOptions:
    """What one request may cost, and what the server tells about itself. The defaults are the production posture.

    Every maximum is inclusive: what is exactly at it is served, the next is refused with a code of its own.
    Counts see through fragments (each is measured where it is spread), inline fragments and aliases, and in a batch
    they are added up over all its operations.
    """

    body_maximum_bytes: int = 100 * KIBIBYTE
    """A JSON body; also the query string of a GET, and each of `operations` and `map` in an upload."""
    variables_maximum_bytes: int = 64 * KIBIBYTE
    """The JSON text of `variables`."""
    upload_maximum_bytes: int = 6 * MEBIBYTE
    """A whole multipart body."""
    file_maximum_bytes: int = 6 * MEBIBYTE
    """One file of an upload."""
    files_maximum: int = 10
    """Files in one upload, and also the variables that they are put into."""

    tokens_maximum: int = 1_000
    """Lexical tokens of the document; comments, commas and white space are none."""
    literals_maximum_characters: int = 16 * KIBIBYTE
    """Text in string literals of the document, all of them together."""
    depth_maximum: int = 10
    """How deep fields are nested; a top-level field has depth 1. Below `__schema` and `__type` nothing is counted."""
    aliases_maximum: int = 15
    root_fields_maximum: int = 10
    mutations_maximum: int = 4
    """Mutation fields of one request."""
    single_use_fields: frozenset[str] = frozenset()
    """Mutation fields that may stand once in a request: those that check a secret, so that one request is one guess."""
    directives_maximum: int = 50
    directives_per_field_maximum: int = 9
    """Directives at one place: a field, a spread, a fragment, an operation."""
    selections_maximum: int = 1_000
    """Fields and spreads of one operation, counted with every fragment written out."""
    overlap_steps_maximum: int = 3_000
    """Steps that comparing fields of one response name may take; about 1 microsecond each."""
    reported_errors_maximum: int = 5

    batch_maximum: int = 0
    """Operations in an array; 0 turns batching off."""
    document_cache_bytes: int = 4 * MEBIBYTE
    """Estimated memory of the prepared documents that are kept."""

    is_introspection_allowed: bool = False
    are_suggestions_shown: bool = False
    """Whether messages say "Did you mean", which tells names of the schema."""
    is_server_timing_sent: bool = False
    partial_success_status: int = 200
    """The status of an answer with both data and errors, as `application/graphql-response+json`: 200, or 294."""
