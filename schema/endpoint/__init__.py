"""GraphQL over HTTP over any graphql-core schema: conformant, bounded, quiet in production."""

from schema.endpoint.codes import DESCRIPTIONS, EndpointErrorCode
from schema.endpoint.documents import PreparedDocument, PreparedOperation
from schema.endpoint.endpoint import GraphQLEndpoint
from schema.endpoint.execution import DescribeError, ErrorDescription, Executor, Result, SchemaExecutor
from schema.endpoint.options import EndpointOptions
from schema.endpoint.persisted import PersistedQueries, PersistedQueryLimits
from schema.endpoint.refusals import RequestRefusedError, refuse, refuse_operation
from schema.endpoint.trusted import ManifestError, TrustedDocuments, TrustMode, load_manifest

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
    "load_manifest",
    "refuse",
    "refuse_operation",
]
