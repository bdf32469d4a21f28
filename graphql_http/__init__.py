"""GraphQL over HTTP over any graphql-core schema: conformant, bounded, quiet in production. See README.md."""

from graphql_http.endpoint import GraphQLEndpoint
from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import refuse
from graphql_http.execution import ErrorDescription
from graphql_http.options import EndpointOptions
from graphql_http.persisted import PersistedQueries
from graphql_http.trusted import ManifestError, TrustMode, load_manifest
from graphql_http.uploads import Uploader

__all__ = [
    "EndpointErrorCode",
    "EndpointOptions",
    "ErrorDescription",
    "GraphQLEndpoint",
    "ManifestError",
    "PersistedQueries",
    "TrustMode",
    "Uploader",
    "load_manifest",
    "refuse",
]
