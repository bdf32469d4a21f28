"""Errors at the GraphQL door: business outcomes as entries of a payload, the rest as top-level errors."""

from collections.abc import Awaitable, Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, Final, Protocol, TypeVar, cast

import strawberry

from graphql_http import EndpointErrorCode, ErrorDescription
from resolvers import auth_methods, errors
from resolvers.errors import MEANINGS, AccountError, ServiceUnavailableError
from resolvers.messages import Language
from schema.context import GraphQLContext

REQUEST_CODES: Final = frozenset(
    {errors.ErrorCode.UNAUTHENTICATED, errors.ErrorCode.RATE_LIMITED, errors.ErrorCode.SERVICE_UNAVAILABLE}
)
"""What a whole request, or a field outside a payload, is refused for beside what the endpoint itself refuses."""

PAYLOAD_CODES: Final = frozenset(errors.ErrorCode) - {errors.ErrorCode.SERVICE_UNAVAILABLE}
"""What a mutation is refused for."""


def make_enum(name: str, description: str, codes: Mapping[str, str]) -> type[Enum]:
    """An enum of the schema out of a table: each value with what it means."""
    values: Any = {code: strawberry.enum_value(code, description=text) for code, text in codes.items()}
    return strawberry.enum(cast("type[Enum]", Enum(name, values)), name=name, description=description)


ErrorCode = make_enum(
    "ErrorCode",
    "Why a mutation was refused, as an entry of its payload's `errors` tells it. Values are only ever added.",
    {code.value: MEANINGS[code] for code in errors.ErrorCode if code in PAYLOAD_CODES},
)
RequestErrorCode = make_enum(
    "RequestErrorCode",
    "Why a request, or a field of it, could not be served, as `extensions.code` of a top-level error tells it. "
    "Values are only ever added.",
    {code.value: MEANINGS[code] for code in errors.ErrorCode if code in REQUEST_CODES}
    | {code.value: code.description for code in EndpointErrorCode},
)


@strawberry.interface(description="One reason why a mutation was refused.")
class UserError:
    """What every refusal tells."""

    code: Enum = strawberry.field(graphql_type=ErrorCode, description="For programs.")
    message: str = strawberry.field(
        description="For people, in the language of `Accept-Language` (`en` or `zh`)."
    )
    field: list[str] | None = strawberry.field(
        description='The path of the input field at fault, such as `["smsCode"]`; null when none is.',
    )


@strawberry.type(description="An input field was missing, malformed, refused or taken.")
class InputError(UserError):
    """See `resolvers.errors.InputError`."""


@strawberry.type(description="A captcha or an SMS code was wrong or is no longer there.")
class CodeError(UserError):
    """See `resolvers.errors.CodeError`."""

    attempts_remaining: int = strawberry.field(
        description="How many more guesses will be judged; 0 means that another code is needed."
    )


@strawberry.type(description="A limit was reached.")
class RateLimitedError(UserError):
    """See `resolvers.errors.RateLimitedError`."""

    retry_after_seconds: int = strawberry.field(
        description="How many seconds to wait before trying again, at least 1."
    )


@strawberry.enum(description="A way to prove that an account is one's own.")
class AuthMethod(Enum):
    """The ways of `resolvers.auth_methods`."""

    PASSWORD = strawberry.enum_value(auth_methods.AuthMethod.PASSWORD, description="The password.")
    SMS_CODE = strawberry.enum_value(
        auth_methods.AuthMethod.SMS_CODE, description="A code sent to the account's mobile number."
    )
    REGISTRATION = strawberry.enum_value(
        auth_methods.AuthMethod.REGISTRATION, description="The registration itself."
    )


@strawberry.type(description="This needs a fresh proof of who is signed in.")
class ReauthenticationRequiredError(UserError):
    """See `resolvers.errors.ReauthenticationRequiredError`."""

    methods: list[AuthMethod] = strawberry.field(description="The proofs that the account has.")


@strawberry.type(
    description="Refused because of who is asking, or of what another system answered; no input field is at fault."
)
class RefusedError(UserError):
    """See `resolvers.errors.RefusedError`."""


ERROR_TYPES: Final[Mapping[type[AccountError], type[UserError]]] = {
    errors.InputError: InputError,
    errors.CodeError: CodeError,
    errors.RateLimitedError: RateLimitedError,
    errors.ReauthenticationRequiredError: ReauthenticationRequiredError,
    errors.RefusedError: RefusedError,
}
"""How a resolver's refusal is shown. What its type has beside `UserError`'s fields are attributes of the exception
by the same names, so that a further kind of refusal is a class above and a line here."""


_COMMON_FIELDS = {field.name for field in fields(UserError)}
_EXTRA_FIELDS = {
    type_: [field.name for field in fields(type_) if field.name not in _COMMON_FIELDS]
    for type_ in ERROR_TYPES.values()
}


class Payload(Protocol):
    """What every mutation answers: what it made (nullable), and errors (always there)."""

    def __init__(self, *, errors: list[UserError]) -> None: ...


P = TypeVar("P", bound=Payload)


async def settle(payload: type[P], made: Awaitable[P], context: GraphQLContext) -> P:
    """What was made, or a payload that says why not. A dependency that is down stays a top-level error."""
    try:
        return await made
    except ServiceUnavailableError:
        raise
    except AccountError as error:
        _note_wait(error, context)
        return payload(errors=[user_error(error, context.language)])


def user_error(error: AccountError, language: Language) -> UserError:
    """`error` as its GraphQL type."""
    type_ = ERROR_TYPES[type(error)]
    return type_(
        code=ErrorCode[error.code.name],
        message=error.message(language),
        field=[_camel_case(part) for part in error.field] if error.field else None,
        **{name: getattr(error, name) for name in _EXTRA_FIELDS[type_]},
    )


def describe_error(exception: BaseException, context: object) -> ErrorDescription | None:
    """What a client is told of an exception that reached the top level; None for what nobody foresaw.

    A refusal that only a payload may tell is a fault of ours outside one, and is not told.
    """
    if not isinstance(exception, AccountError) or exception.code not in REQUEST_CODES:
        return None
    if not isinstance(context, GraphQLContext):
        return ErrorDescription(exception.code.value, exception.message("en"))
    _note_wait(exception, context)
    return ErrorDescription(exception.code.value, exception.message(context.language))


def _note_wait(error: AccountError, context: GraphQLContext) -> None:
    """The answer's header `Retry-After` holds for all of it, so that the longest wait counts."""
    if isinstance(error, errors.RateLimitedError):
        context.ctx.retry_after_seconds = max(context.ctx.retry_after_seconds, error.retry_after_seconds)


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
