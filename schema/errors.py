"""Errors at the GraphQL door: business outcomes as entries of a payload, the rest as top-level errors."""

from collections.abc import Awaitable
from enum import Enum
from typing import Any, Protocol, TypeVar, cast

import strawberry
from strawberry.types.enum import EnumValueDefinition

from graphql_http import EndpointErrorCode, ErrorDescription
from resolvers import errors
from resolvers.errors import AccountError, ServiceUnavailableError
from resolvers.messages import Language
from schema.context import GraphQLContext

_DESCRIPTIONS: dict[errors.ErrorCode, str] = {
    errors.ErrorCode.INVALID_INPUT: "An argument is missing, malformed or not allowed; `field` names it.",
    errors.ErrorCode.WEAK_PASSWORD: "The password is among the ten thousand commonest, or is the mobile number itself.",
    errors.ErrorCode.INVALID_IMAGE: "The upload is empty, too large, or no readable JPEG, PNG, WebP or GIF picture.",
    errors.ErrorCode.CAPTCHA_EXPIRED: "The captcha is unknown, used, or over three minutes old. Fetch another.",
    errors.ErrorCode.CAPTCHA_WRONG: "The captcha's text was wrong, and the captcha is spent.",
    errors.ErrorCode.SMS_CODE_EXPIRED: "There is no live SMS code for this mobile. Ask for another.",
    errors.ErrorCode.SMS_CODE_WRONG: "The SMS code is wrong; `attemptsRemaining` tells how many guesses are left.",
    errors.ErrorCode.MOBILE_TAKEN: "The mobile number has an account; told only to who proved it with its code.",
    errors.ErrorCode.NAME_TAKEN: "Another account has this name; upper and lower case are the same.",
    errors.ErrorCode.ID_NUMBER_REFUSED: "The real-name record cannot be accepted.",
    errors.ErrorCode.AUTH_ALREADY_SUBMITTED: "The account has its real-name record, which is submitted once and stays.",
    errors.ErrorCode.WRONG_CREDENTIALS: "The mobile number or the password is wrong; it is not told which.",
    errors.ErrorCode.UNAUTHENTICATED: "This needs a signed-in account, and nobody is signed in.",
    errors.ErrorCode.ACCOUNT_LOCKED: "An operator has locked the account; told only to who knows its password.",
    errors.ErrorCode.RATE_LIMITED: "A limit was reached; `retryAfterSeconds` tells when to try again.",
    errors.ErrorCode.SMS_NOT_SENT: "The SMS provider did not take the message. No code is live; try again.",
    errors.ErrorCode.STORAGE_FAILED: "The picture could not be stored. Nothing was changed; try again.",
    errors.ErrorCode.SERVICE_UNAVAILABLE: "Top-level only: the database or the state store is down. Try again soon.",
    errors.ErrorCode.INTERNAL: "Top-level only: an unexpected fault. Report the `requestId` in `extensions`.",
}


def _code_values() -> dict[str, EnumValueDefinition]:
    """The product's codes, then the endpoint's own; both only grow."""
    values = {
        code.name: strawberry.enum_value(code.value, description=_DESCRIPTIONS[code])
        for code in errors.ErrorCode
    }
    values |= {
        code.name: strawberry.enum_value(code.value, description=f"Top-level only: {code.description}")
        for code in EndpointErrorCode
    }
    return values


_members: Any = _code_values()
ErrorCode: type[Enum] = strawberry.enum(
    cast("type[Enum]", Enum("ErrorCode", _members)),
    name="ErrorCode",
    description="What went wrong, for programs. Values are only ever added.",
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


@strawberry.type(
    description="Refused for who is asking, or for what another system said; no input field is at fault."
)
class RefusedError(UserError):
    """See `resolvers.errors.RefusedError`."""


ERROR_TYPES = (InputError, CodeError, RateLimitedError, RefusedError)


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
    code = ErrorCode[error.code.name]
    message = error.message(language)
    path = [_camel_case(part) for part in error.field] if error.field else None
    match error:
        case errors.InputError():
            return InputError(code=code, message=message, field=path)
        case errors.CodeError():
            return CodeError(
                code=code, message=message, field=path, attempts_remaining=error.attempts_remaining
            )
        case errors.RateLimitedError():
            return RateLimitedError(
                code=code, message=message, field=path, retry_after_seconds=error.retry_after_seconds
            )
        case _:
            return RefusedError(code=code, message=message, field=path)


def describe_error(exception: BaseException, context: object) -> ErrorDescription | None:
    """What a client is told of an exception that reached the top level; None for what nobody foresaw."""
    if not isinstance(exception, AccountError):
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
