"""PostgreSQL killed, paused, out of connections and restarted under load."""

import asyncio
import signal
from contextlib import AsyncExitStack

import asyncpg

from drills.actors import PASSWORD, LiveCode, Person, making, new_address
from drills.findings import DrillError
from drills.load import Crowd
from drills.servers import Gateway, Postgresql
from drills.stage import ANSWER_SECONDS, RECOVERY_SECONDS, Stage, wait_for_success
from drills.visitors import Answer, Doors

CROWD = 20

_LOGIN = "mutation($i: LoginInput!) { login(input: $i) { session { expiresAt } errors { code } } }"
_FOUR = """mutation($i: LoginInput!) { login(input: $i) { errors { code } } updateName(input: {name: "a"}) { errors
{ code } } submitAuth(input: {realName: "张三", idNumber: "11010519491231002X"}) { errors { code } }
logout { errors { code } } }"""


async def drill_postgresql(stage: Stage) -> None:
    """PostgreSQL killed, paused, out of connections and restarted under load."""
    server = await stage.postgresql(connections=40)
    redis = await stage.redis()
    gateway = await stage.gateway(DATABASE_URL=server.url, REDIS_URL=redis.url, LIMITS_SCALE="1000")
    doors = await stage.doors(gateway)
    await _kill(stage, server, gateway, doors)
    await _pause(stage, server, gateway, doors)
    await _take_connections(stage, server, gateway, doors)
    await _restart(stage, server, gateway, doors)


async def _prepare(gateway: Gateway) -> tuple[list[Person], LiveCode]:
    async with making(gateway) as maker:
        return await maker.people(CROWD), (await maker.codes(1))[0]


async def _watch_outage(stage: Stage, doors: Doors, people: list[Person], code: LiveCode, name: str) -> Crowd:
    """Ask everything: each answer is the contract's, in time, and nothing is said that cannot be known."""
    person = people[0]
    signing_in = {"mobile": person.national, "password": PASSWORD}
    crowd = Crowd.of(people)
    asks = {
        "who is signed in": doors.get("/api/check_login", token=person.token),
        "who is signed in, by GraphQL": doors.query("{ me { name } }", token=person.token),
        "a profile": doors.get("/api/profile", token=person.token),
        "a right password": doors.post("/api/login", address=new_address(), **signing_in),
        "a right password, by GraphQL": doors.query(_LOGIN, {"i": signing_in}, address=new_address()),
        "a registration": doors.post("/api/register", address=new_address(), **code.fields),
        "a real-name record": doors.post(
            "/api/profile/auth", token=person.token, real_name="张三", id_card="11010519491231002X"
        ),
        "four mutations in one request": doors.query(_FOUR, {"i": signing_in}, token=person.token),
    }
    answers = dict(zip(asks, await asyncio.gather(*asks.values()), strict=True))
    await crowd.run(doors, 3)
    for what, answer in answers.items():
        stage.findings.check(
            f"{name}: {what}: unavailable", holds=answer.is_unavailable, measured=answer.outcome
        )
    stage.findings.check(
        f"{name}: none of {len(crowd.answers)} name changes has a success or a strange answer",
        holds=all(answer.is_unavailable for answer in crowd.answers),
        measured=crowd.outcomes,
    )
    slowest = max(crowd.slowest_seconds, *(answer.seconds for answer in answers.values()))
    stage.findings.check_within(f"{name}: every answer is there in time", slowest, ANSWER_SECONDS)
    return crowd


async def _watch_return(stage: Stage, doors: Doors, crowd: Crowd, code: LiveCode, name: str) -> None:
    """It works again by itself; what was not answered is done or not, what was refused is not half done."""
    person = crowd.renamings[0].person

    async def ask() -> Answer:
        return await doors.get("/api/check_login", token=person.token)

    stage.findings.check_within(
        f"{name}: works again by itself", await wait_for_success(ask), RECOVERY_SECONDS
    )
    misfits = await crowd.find_misfits(doors)
    stage.findings.check(
        f"{name}: every name agrees with the answers", holds=not misfits, measured=misfits[:3]
    )
    record = await doors.get("/api/profile/auth", token=person.token)
    stage.findings.check(
        f"{name}: nothing is there of the refused real-name record",
        holds=record.body.get("data") == {"real_name": None, "id_card": None},
        measured=record.body.get("data"),
    )
    registered = await doors.post("/api/register", address=new_address(), **code.fields)
    stage.findings.check(
        f"{name}: the code of the refused registration is still good",
        holds=registered.is_success,
        measured=registered.outcome,
    )


async def _kill(stage: Stage, server: Postgresql, gateway: Gateway, doors: Doors) -> None:
    people, code = await _prepare(gateway)
    server.kill()
    crowd = await _watch_outage(stage, doors, people, code, "killed")
    await server.start()
    await _watch_return(stage, doors, crowd, code, "killed")


async def _pause(stage: Stage, server: Postgresql, gateway: Gateway, doors: Doors) -> None:
    people, code = await _prepare(gateway)
    server.pause()
    try:
        crowd = await _watch_outage(stage, doors, people, code, "paused")
    finally:
        server.resume()
    await _watch_return(stage, doors, crowd, code, "paused")


async def _take_connections(stage: Stage, server: Postgresql, gateway: Gateway, doors: Doors) -> None:
    """Others take every connection, and the gateway's own are ended so that it has to ask for new ones."""
    people, code = await _prepare(gateway)
    operator = await asyncpg.connect(server.operator_url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(operator.close)
        taken = await _occupy(stack, server, operator)
        stage.findings.tell(f"out of connections: {taken} taken by others")
        crowd = await _watch_outage(stage, doors, people, code, "out of connections")
    await _watch_return(stage, doors, crowd, code, "out of connections")


async def _occupy(stack: AsyncExitStack, server: Postgresql, operator: asyncpg.Connection) -> int:
    taken = 0
    for _ in range(200):
        try:
            connection = await asyncpg.connect(server.url, timeout=2)
        except asyncpg.TooManyConnectionsError:
            ended = await operator.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE usename = 'gateway' AND application_name <> 'drill'"
            )
            if not ended:
                return taken
            await asyncio.sleep(0.05)
            continue
        await connection.execute("SET application_name = 'drill'")
        stack.push_async_callback(connection.close)
        taken += 1
    raise DrillError("the connections could not all be taken")


async def _restart(stage: Stage, server: Postgresql, gateway: Gateway, doors: Doors) -> None:
    """A restart as an operator does it (SIGINT: the fast shutdown), while people go on."""
    people, _ = await _prepare(gateway)
    crowd, until = Crowd.of(people), asyncio.Event()
    tasks = crowd.start(doors, until)
    await asyncio.sleep(1)
    for _ in range(2):
        await server.end(signal.SIGINT)
        await asyncio.sleep(0.5)
        await server.start()
        before = len([answer for answer in crowd.answers if answer.is_success])
        waited = await _wait_until_more(crowd, before)
        stage.findings.check_within("restarted under load: works again by itself", waited, RECOVERY_SECONDS)
    until.set()
    await asyncio.gather(*tasks)
    stage.findings.check(
        "restarted under load: every answer is a success or unavailable",
        holds=all(answer.is_success or answer.is_unavailable for answer in crowd.answers),
        measured=crowd.outcomes,
    )
    stage.findings.check_within(
        "restarted under load: every answer is there in time", crowd.slowest_seconds, ANSWER_SECONDS
    )
    misfits = await crowd.find_misfits(doors)
    stage.findings.check(
        "restarted under load: every name agrees with the answers", holds=not misfits, measured=misfits[:3]
    )


async def _wait_until_more(crowd: Crowd, successes: int) -> float:
    """Until everybody has had a success again."""
    started = asyncio.get_running_loop().time()
    while len([answer for answer in crowd.answers if answer.is_success]) < successes + len(crowd.renamings):
        if asyncio.get_running_loop().time() - started > 20:
            raise DrillError("no successes after the restart")
        await asyncio.sleep(0.02)
    return asyncio.get_running_loop().time() - started
