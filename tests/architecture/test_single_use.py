"""Which mutations a request may use once: all that check a secret, or a request with aliases would be many guesses."""

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from schema.mutations import SINGLE_USE
from schema.sdl import graphql_schema

# Inputs that are no secret: knowing the right one opens nothing. Any other field of an input is taken for one, so that
# who adds a field says here what it is, or makes its mutation single use.
NO_SECRETS = {
    "CreateCaptchaInput.previousId",
    "SendSmsCodeInput.mobile",
    "SendSmsCodeInput.captchaId",
    "SendSmsCodeInput.purpose",
    "RegisterInput.mobile",
    "RegisterInput.tokenDelivery",
    "RegisterInput.consents",
    "LoginInput.mobile",
    "LoginInput.tokenDelivery",
    "LoginWithSmsCodeInput.mobile",
    "LoginWithSmsCodeInput.tokenDelivery",
    "LoginWithSmsCodeInput.consents",
    "ResetPasswordInput.mobile",
    "UpdateNameInput.name",
    "UploadAvatarInput.image",
    # Of the viewer's own sessions only.
    "RevokeSessionInput.id",
    "SubmitAuthInput.realName",
    # Nobody is told whose it is: a number that another account has is refused like one that cannot be kept.
    "SubmitAuthInput.idNumber",
}


def secrets_of(mutation: str) -> set[str]:
    assert graphql_schema.mutation_type is not None
    arguments = graphql_schema.mutation_type.fields[mutation].args.values()
    types = [get_named_type(argument.type) for argument in arguments]
    inputs = [type_ for type_ in types if isinstance(type_, GraphQLInputObjectType)]
    return {f"{type_.name}.{name}" for type_ in inputs for name in type_.fields} - NO_SECRETS


def list_mutations() -> list[str]:
    assert graphql_schema.mutation_type is not None
    return list(graphql_schema.mutation_type.fields)


@pytest.mark.parametrize("mutation", list_mutations())
def test_mutation_is_single_use_just_where_it_checks_a_secret(mutation: str) -> None:
    assert (mutation in SINGLE_USE) == bool(secrets_of(mutation)), secrets_of(mutation)


def test_every_single_use_mutation_is_there() -> None:
    assert set(list_mutations()) >= SINGLE_USE


def test_passwords_codes_and_captchas_are_secrets() -> None:
    assert secrets_of("register") == {"RegisterInput.smsCode", "RegisterInput.password"}
    assert secrets_of("sendSmsCode") == {"SendSmsCodeInput.captchaText"}
