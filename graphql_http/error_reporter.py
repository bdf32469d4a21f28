"""What a client is told of errors that happened while an operation ran.

An exception that the product knows is described by whoever wires the endpoint; any other is masked, logged with its
traceback, and shown as the request's id only.
"""

from collections.abc import Sequence

import structlog
from graphql import GraphQLError

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import ErrorEntry, report_error, report_input_error
from graphql_http.execution import DescribeError, ErrorDescription

_log = structlog.stdlib.get_logger("graphql_http")


def describe_nothing(exception: BaseException, context: object) -> ErrorDescription | None:  # noqa: ARG001
    """Know no exception: each is masked."""
    return None


class ErrorReporter:
    """Turns the errors of a result into entries of the response."""

    def __init__(self, describe_error: DescribeError, errors_maximum: int) -> None:
        self._describe = describe_error
        self._maximum = errors_maximum

    def report(
        self, errors: Sequence[GraphQLError], context: object, request_id: str | None
    ) -> list[ErrorEntry]:
        """Write the first errors as entries; all that are unexpected are logged."""
        entries = [self._entry_of(error, context, request_id) for error in errors]
        return entries[: self._maximum]

    def _entry_of(self, error: GraphQLError, context: object, request_id: str | None) -> ErrorEntry:
        if error.path is None:
            return report_input_error(error, EndpointErrorCode.BAD_USER_INPUT.value)
        cause = cause_of(error)
        if isinstance(cause, GraphQLError):
            code = (cause.extensions or {}).get("code")
            if isinstance(code, str):
                return report_error(error, code)
            # The executor gives its own complaints about arguments a node; a value that a scalar could not write
            # has none, is the server's fault, and its message may quote anything.
            if cause.nodes:
                return report_input_error(error, EndpointErrorCode.BAD_USER_INPUT.value)
        description = self._describe(cause, context)
        if description is None:
            return _mask(error, cause, request_id)
        return report_error(
            error, description.code, message=description.message, extensions=description.extensions
        )


def _mask(error: GraphQLError, cause: BaseException, request_id: str | None) -> ErrorEntry:
    log_unexpected(cause, request_id, path=error.path)
    return report_error(
        error,
        EndpointErrorCode.INTERNAL.value,
        message=internal_message(request_id),
        extensions=internal_extensions(request_id),
    )


def cause_of(error: GraphQLError) -> BaseException:
    """Find the exception that was raised, under the wrappings of graphql-core."""
    cause: BaseException = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def log_unexpected(exception: BaseException, request_id: str | None, **details: object) -> None:
    """Note an exception that nobody described, with its traceback, for whoever is asked about the request id."""
    _log.error("graphql_internal_error", exc_info=exception, request_id=request_id, **details)


def internal_message(request_id: str | None) -> str:
    """Say that it is our fault, and what to quote when asking about it."""
    return (
        "Internal error."
        if request_id is None
        else f"Internal error. Please quote the request id {request_id}."
    )


def internal_extensions(request_id: str | None) -> dict[str, str]:
    """Give the request id to programs."""
    return {} if request_id is None else {"requestId": request_id}
