"""GraphQL over HTTP over any graphql-core schema: conformant, bounded, quiet in production."""

from graphql_http.codes import DESCRIPTIONS, EndpointErrorCode
from graphql_http.documents import PreparedDocument, PreparedOperation
from graphql_http.endpoint import GraphQLEndpoint
from graphql_http.execution import DescribeError, ErrorDescription, Executor, Result, SchemaExecutor
from graphql_http.options import EndpointOptions
from graphql_http.persisted import PersistedQueries, PersistedQueryLimits
from graphql_http.refusals import RequestRefusedError, refuse, refuse_operation
from graphql_http.trusted import ManifestError, TrustedDocuments, TrustMode, load_manifest
from graphql_http.uploads import Uploader

__all__ = [
    "DESCRIPTIONS",
    "DescribeError",
    "EndpointErrorCode",
    "EndpointOptions",
    "ErrorDescription",
    "Executor",
    "GraphQLEndpoint",
    "ManifestError",
    "PersistedQueries",
    "PersistedQueryLimits",
    "PreparedDocument",
    "PreparedOperation",
    "RequestRefusedError",
    "Result",
    "SchemaExecutor",
    "TrustMode",
    "TrustedDocuments",
    "Uploader",
    "load_manifest",
    "refuse",
    "refuse_operation",
]
