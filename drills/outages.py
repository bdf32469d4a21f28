"""What could not be judged costs nothing: PostgreSQL, Redis and the vendor stop for 5 s under sign-ins and sends."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from drills.actors import PASSWORD, Person, making, new_address, new_mobile
from drills.servers import Postgresql, Redis
from drills.stage import Stage, wait_for_success
from drills.vendor import Vendor
from drills.visitors import Answer, Doors

OUTAGE_SECONDS = 5.0
PEOPLE = 6
_PAUSE_SECONDS = 0.1


async def drill_outages(stage: Stage) -> None:
    """PostgreSQL, Redis and the vendor stop for 5 s: every right password gets in at once afterwards."""
    vendor = await stage.stack.enter_async_context(Vendor().running())
    postgresql, redis = await stage.postgresql(), await stage.redis()
    gateway = await stage.gateway(
        DATABASE_URL=postgresql.url,
        REDIS_URL=redis.url,
        SMS_SENDER="http",
        SMS_HTTP_URL=vendor.url,
        SMS_HTTP_TOKEN="drill",
    )
    doors = await stage.doors(gateway)
    async with making(gateway) as maker:
        people = await maker.people(PEOPLE)
        captchas = await maker.captchas(PEOPLE * 40)
    addresses = [new_address() for _ in people]
    for name, server in (("PostgreSQL", postgresql), ("Redis", redis)):
        await _stop(stage, doors, people, addresses, name, server)
    answers: list[Answer] = []
    mobile, address = new_mobile(), new_address()

    async def ask() -> Answer:
        captcha = captchas.pop()
        return await doors.post(
            "/api/smscode",
            mobile=mobile,
            image_code_id=captcha.id,
            image_code_text=captcha.text,
            address=address,
        )

    vendor.manner = "refuse"
    await _during(OUTAGE_SECONDS, ask, answers)
    vendor.manner = "well"
    stage.findings.check(
        f"vendor: {len(answers)} codes for one mobile are refused as not sent",
        holds={answer.outcome for answer in answers} == {4301},
        measured=sorted({str(answer.outcome) for answer in answers}),
    )
    after = await ask()
    stage.findings.check(
        "vendor: the next code goes out at once", holds=after.is_success, measured=after.outcome
    )


async def _stop(
    stage: Stage,
    doors: Doors,
    people: Sequence[Person],
    addresses: Sequence[str],
    name: str,
    server: Postgresql | Redis,
) -> None:
    answers: list[Answer] = []
    server.pause()
    await asyncio.gather(
        *(
            _during(OUTAGE_SECONDS, partial(_sign_in, doors, person, at), answers)
            for person, at in zip(people, addresses, strict=True)
        )
    )
    server.resume()
    refused = [answer for answer in answers if not answer.is_success]
    stage.findings.check(
        f"{name}: {len(refused)} right passwords while it is stopped are answered as unavailable",
        holds=bool(refused) and all(answer.is_unavailable for answer in refused),
        measured=sorted({str(answer.outcome) for answer in refused}),
    )
    # Another reads and writes: the outage is over when that works, and only then the passwords are tried, once.
    await wait_for_success(
        lambda: doors.post("/api/profile/name", token=people[0].token, name=f"after {name}")
    )
    await wait_for_success(lambda: doors.get("/api/imagecode", codeid="after", address=new_address()))
    after = await asyncio.gather(
        *(_sign_in(doors, person, at) for person, at in zip(people, addresses, strict=True))
    )
    stage.findings.check(
        f"{name}: each of {len(people)} right passwords gets in at once afterwards",
        holds=all(answer.is_success for answer in after),
        measured=sorted({str(answer.outcome) for answer in after}),
    )


async def _sign_in(doors: Doors, person: Person, address: str) -> Answer:
    return await doors.post("/api/login", address=address, mobile=person.national, password=PASSWORD)


async def _during(seconds: float, ask: Callable[[], Awaitable[Answer]], answers: list[Answer]) -> None:
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        answers.append(await ask())
        await asyncio.sleep(_PAUSE_SECONDS)
