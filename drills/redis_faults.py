"""Redis killed, paused, flushed, full and slow: sessions live on, and nothing is accepted unchecked meanwhile."""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from drills.actors import PASSWORD, LiveCaptcha, LiveCode, Maker, Person, new_address, new_mobile
from drills.proxy import SlowProxy
from drills.servers import Redis
from drills.stage import ANSWER_SECONDS, RECOVERY_SECONDS, Stage, wait_for_success
from drills.visitors import Answer, Doors

CROWD = 30
_SLOW_SECONDS = (0.1, 0.3, 1.0)

_LOGIN = "mutation($i: LoginInput!) { login(input: $i) { session { expiresAt } errors { code } } }"
_FOUR_LOGINS = """mutation($i: LoginInput!) { createCaptcha { errors { code } } login(input: $i) { errors { code } }
updateName(input: {name: "four"}) { errors { code } } logout { errors { code } } }"""


@dataclass(frozen=True, slots=True)
class Props:
    """What was right before the fault: an account in session, a captcha and a code."""

    person: Person
    captcha: LiveCaptcha
    code: LiveCode


async def make_props(maker: Maker) -> Props:
    """Fresh ones."""
    [person] = await maker.people(1)
    [captcha] = await maker.captchas(1)
    [code] = await maker.codes(1)
    return Props(person, captcha, code)


def unchecked_asks(doors: Doors, props: Props) -> Mapping[str, Awaitable[Answer]]:
    """Everything that needs the state store, each with input that is right, or was before the fault."""
    mobile, address = props.person.national, new_address()
    signing_in = {"mobile": mobile, "password": PASSWORD}
    return {
        "a captcha": doors.get("/api/imagecode", codeid="drill-1", pcodeid="", address=address),
        "an SMS code": doors.post(
            "/api/smscode",
            mobile=new_mobile(),
            image_code_id=props.captcha.id,
            image_code_text=props.captcha.text,
            address=address,
        ),
        "a registration": doors.post("/api/register", address=address, **props.code.fields),
        "a sign-in": doors.post("/api/login", address=address, **signing_in),
        "a sign-in by GraphQL": doors.query(_LOGIN, {"i": signing_in}, address=address),
        "a wrong password": doors.post("/api/login", mobile=mobile, password="wrong one", address=address),
    }


async def watch_outage(stage: Stage, doors: Doors, props: Props, name: str) -> None:
    """Ask everything during an outage: closed, clear and in time; sessions are served all the same."""
    findings = stage.findings
    asks = unchecked_asks(doors, props)
    answers = dict(zip(asks, await asyncio.gather(*asks.values()), strict=True))
    for what, answer in answers.items():
        findings.check(
            f"{name}: {what} is refused as unavailable", holds=answer.is_unavailable, measured=answer.outcome
        )
    await _watch_session(stage, doors, props.person, name)
    several = await doors.query(_FOUR_LOGINS, {"i": {"mobile": props.person.mobile, "password": PASSWORD}})
    crowd = await asyncio.gather(
        *(doors.post("/api/login", mobile=props.person.national, password=PASSWORD) for _ in range(CROWD))
    )
    accepted = [answer.outcome for answer in crowd if not answer.is_unavailable]
    findings.check(
        f"{name}: none of {CROWD} sign-ins at once is accepted", holds=not accepted, measured=accepted
    )
    everything = [*answers.values(), several, *crowd]
    findings.check_within(
        f"{name}: every answer is there in time", max(a.seconds for a in everything), ANSWER_SECONDS
    )


async def _watch_session(stage: Stage, doors: Doors, person: Person, name: str) -> None:
    seen = [
        await doors.get("/api/check_login", token=person.token),
        await doors.query("{ me { mobile } authInfo { submittedAt } }", token=person.token),
        await doors.post("/api/profile/name", token=person.token, name=f"during {name} {person.id}"),
    ]
    stage.findings.check(
        f"{name}: who is signed in is served, and may change things",
        holds=all(answer.is_success for answer in seen),
        measured=f"{max(answer.seconds for answer in seen) * 1000:.0f} ms",
    )


async def drill_redis(stage: Stage) -> None:
    """Redis killed, paused, flushed and full."""
    redis = await stage.redis()
    gateway = await stage.gateway(REDIS_URL=redis.url)
    doors = await stage.doors(gateway)
    maker = await stage.maker(gateway)
    await _kill(stage, redis, doors, maker)
    await _pause(stage, redis, doors, maker)
    await _fill(stage, redis, doors, maker)
    await _flush(stage, redis, doors, maker)


async def _kill(stage: Stage, redis: Redis, doors: Doors, maker: Maker) -> None:
    props = await make_props(maker)
    redis.kill()
    await watch_outage(stage, doors, props, "killed")
    await redis.start()
    await _watch_return(stage, doors, "killed")
    await _watch_forgotten(stage, doors, props, "killed")


async def _pause(stage: Stage, redis: Redis, doors: Doors, maker: Maker) -> None:
    props = await make_props(maker)
    redis.pause()
    try:
        await watch_outage(stage, doors, props, "paused")
    finally:
        redis.resume()
    await _watch_return(stage, doors, "paused")


async def _fill(stage: Stage, redis: Redis, doors: Doors, maker: Maker) -> None:
    props = await make_props(maker)
    await redis.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
    await redis.ask("CONFIG", "SET", "maxmemory", "1mb")
    await watch_outage(stage, doors, props, "full")
    await redis.ask("CONFIG", "SET", "maxmemory", "0")
    await _watch_return(stage, doors, "full")
    code = await doors.post("/api/register", address=new_address(), **props.code.fields)
    stage.findings.check(
        "full: the code of before is still good for its mobile afterwards",
        holds=code.is_success,
        measured=code.outcome,
    )


async def _flush(stage: Stage, redis: Redis, doors: Doors, maker: Maker) -> None:
    props = await make_props(maker)
    await redis.ask("FLUSHALL")
    await _watch_session(stage, doors, props.person, "flushed")
    await _watch_forgotten(stage, doors, props, "flushed")
    await _watch_return(stage, doors, "flushed")


async def _watch_return(stage: Stage, doors: Doors, name: str) -> None:
    """The gateway finds Redis again by itself."""

    async def ask() -> Answer:
        return await doors.get("/api/imagecode", codeid="drill-2", address=new_address())

    stage.findings.check_within(
        f"{name}: works again by itself after its return", await wait_for_success(ask), RECOVERY_SECONDS
    )


async def _watch_forgotten(stage: Stage, doors: Doors, props: Props, name: str) -> None:
    """What Redis has forgotten is expired, not right."""
    captcha = await doors.post(
        "/api/smscode",
        mobile=new_mobile(),
        image_code_id=props.captcha.id,
        image_code_text=props.captcha.text,
        address=new_address(),
    )
    code = await doors.post("/api/register", address=new_address(), **props.code.fields)
    stage.findings.check(
        f"{name}: a forgotten captcha and a forgotten code are expired, not right",
        holds=captcha.outcome == code.outcome == 4002,
        measured=(captcha.outcome, code.outcome),
    )


async def drill_redis_slow(stage: Stage) -> None:
    """Redis slow: each of its answers is held back."""
    redis = await stage.redis()
    proxy = await stage.stack.enter_async_context(SlowProxy(redis.port).running())
    gateway = await stage.gateway(REDIS_URL=f"redis://127.0.0.1:{proxy.port}/0")
    doors = await stage.doors(gateway)
    maker = await stage.maker(gateway)
    for delay_seconds in _SLOW_SECONDS:
        proxy.delay_seconds = 0
        props = await make_props(maker)
        proxy.delay_seconds = delay_seconds
        await _watch_slowness(stage, doors, props, f"slow by {delay_seconds * 1000:.0f} ms")
    proxy.delay_seconds = 0
    await _watch_return(stage, doors, "slow")


async def _watch_slowness(stage: Stage, doors: Doors, props: Props, name: str) -> None:
    asks = unchecked_asks(doors, props)
    answers = dict(zip(asks, await asyncio.gather(*asks.values()), strict=True))
    outcomes = {what: answer.outcome for what, answer in answers.items()}
    slowest = max(answer.seconds for answer in answers.values())
    stage.findings.check_within(f"{name}: every answer is there in time", slowest, ANSWER_SECONDS)
    wrong = answers["a wrong password"]
    stage.findings.check(
        f"{name}: each answer is the right one or unavailable",
        holds=all(a.is_success or a.is_unavailable for a in answers.values() if a is not wrong)
        and (wrong.is_unavailable or wrong.outcome == 4106),
        measured=outcomes,
    )
    await _watch_session(stage, doors, props.person, name)
