"""The wait that a refused request names, for the answer's `Retry-After`."""

from typing import cast

import pytest

from resolvers.context import Context, Services
from resolvers.errors import AccountError, RateLimitedError, ServiceUnavailableError, unauthenticated
from schema.context import GraphQLContext
from schema.errors import describe_error, settle
from schema.types import LogoutPayload

pytestmark = pytest.mark.anyio


@pytest.fixture
def context() -> GraphQLContext:
    return GraphQLContext(Context(cast("Services", None)))


async def refuse(error: AccountError) -> LogoutPayload:
    raise error


async def test_longest_wait_of_all_fields_counts(context: GraphQLContext) -> None:
    for seconds in (30, 50, 40):
        await settle(LogoutPayload, refuse(RateLimitedError(seconds)), context)

    assert context.ctx.retry_after_seconds == 50


def test_request_that_is_refused_as_a_whole_names_its_wait_too(context: GraphQLContext) -> None:
    described = describe_error(RateLimitedError(30), context)

    assert described is not None
    assert described.code == "RATE_LIMITED"
    assert context.ctx.retry_after_seconds == 30


async def test_other_refusals_name_none(context: GraphQLContext) -> None:
    await settle(LogoutPayload, refuse(unauthenticated()), context)
    describe_error(ServiceUnavailableError("database"), context)

    assert context.ctx.retry_after_seconds == 0
