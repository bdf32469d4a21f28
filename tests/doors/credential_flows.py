"""What people do with codes of other purposes than to register; only GraphQL offers it."""

from tests.doors.door import Outcome
from tests.doors.flows import MOBILE, PASSWORD, sign_up, solve_captcha
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness

NEW_PASSWORD = "another horse 43"
RESEND_SECONDS = 60


async def ask_for(harness: Harness, door: GraphQLDoor, purpose: str, mobile: str | None = MOBILE) -> Outcome:
    """A right captcha, then the code; whatever comes of it."""
    captcha_id, text = await solve_captcha(harness, door)
    return await door.send_code_for(purpose, mobile, captcha_id, text)


async def receive(harness: Harness, door: GraphQLDoor, purpose: str, mobile: str | None = MOBILE) -> str:
    """The code that arrived, however short ago the last one was sent."""
    harness.clock.advance(RESEND_SECONDS)
    sent = await ask_for(harness, door, purpose, mobile)
    assert sent.is_ok, sent
    return harness.sms.last_code


async def registered(harness: Harness, *, mobile: str = MOBILE) -> GraphQLDoor:
    """The client of somebody who has just registered with `PASSWORD`."""
    door = harness.graphql(address="203.0.113.1")
    await sign_up(harness, door, mobile, PASSWORD)
    return door


async def signed_in(harness: Harness, *, mobile: str = MOBILE, password: str = PASSWORD) -> GraphQLDoor:
    """Another client of theirs."""
    door = harness.graphql(address="203.0.113.2")
    outcome = await door.login(mobile, password)
    assert outcome.is_ok, outcome
    return door


async def notices(harness: Harness) -> list[tuple[str, str]]:
    """To whom notices went, and which, when all under way have arrived."""
    for task in list(harness.services.notices):
        await task
    return [(one.mobile, str(one.purpose)) for one in harness.sms.messages if not one.code]
