"""Workers killed in the middle of registrations, name changes, real-name records and uploads."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256

from db import accounts, identities
from drills.actors import PASSWORD, LiveCode, Maker, Person, making, new_address, new_id_number, new_picture
from drills.findings import DrillError
from drills.invariants import find_broken_invariants
from drills.servers import Gateway
from drills.stage import Stage, wait_for_success
from drills.visitors import Answer, Doors
from resolvers.identities import open_identity

REGISTRATIONS = 60
NAMES = 120
RECORDS = 120
UPLOADS = 60
CONCURRENCY = 20
KILLS = 4
REAL_NAME = "张三丰"


@dataclass(slots=True)
class Deed:
    """One thing that somebody does, and what came of it; `detail` is the name, the number or the new token."""

    kind: str
    do: Callable[["Deed"], Awaitable[Answer]]
    person: Person | None = None
    code: LiveCode | None = None
    detail: str = ""
    answer: Answer | None = None

    @property
    def is_done(self) -> bool:
        """Whether a success was answered."""
        return self.answer is not None and self.answer.is_success


@dataclass(slots=True)
class Traffic:
    """All deeds, done in a random order, and held up while the gateway is down."""

    deeds: list[Deed]
    is_up: asyncio.Event = field(default_factory=asyncio.Event)
    finished: int = 0

    async def run(self) -> None:
        """Do everything, so many at a time."""
        waiting = iter(self.deeds)
        await asyncio.gather(*(self._work(waiting) for _ in range(CONCURRENCY)))

    async def _work(self, waiting: Iterator[Deed]) -> None:
        for deed in waiting:
            await self.is_up.wait()
            deed.answer = await deed.do(deed)
            self.finished += 1


async def drill_crash_sqlite(stage: Stage) -> None:
    """Kill -9 of the gateway on SQLite in the middle of everything."""
    gateway = await stage.gateway()

    async def kill_and_restart() -> None:
        gateway.kill()
        await gateway.start()

    await _play(stage, gateway, kill_and_restart)


async def drill_crash_postgresql(stage: Stage) -> None:
    """Kill -9 of a worker on PostgreSQL and Redis in the middle of everything; the other one serves on."""
    server, redis = await stage.postgresql(connections=80), await stage.redis()
    gateway = await stage.gateway(DATABASE_URL=server.url, REDIS_URL=redis.url, WORKERS="2")

    async def kill_a_worker() -> None:
        workers = gateway.workers
        victim = random.choice(workers)
        with suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        await _wait_for_successor(gateway, victim)

    await _play(stage, gateway, kill_a_worker)


async def _wait_for_successor(gateway: Gateway, victim: int) -> None:
    async with asyncio.timeout(30):
        while victim in (workers := gateway.workers) or len(workers) < 2:
            await asyncio.sleep(0.05)


async def _play(stage: Stage, gateway: Gateway, kill: Callable[[], Coroutine[None, None, None]]) -> None:
    doors = await stage.doors(gateway)
    async with making(gateway) as maker:
        traffic = Traffic(await _plan(doors, maker))
    traffic.is_up.set()
    running = asyncio.create_task(traffic.run())
    for number in range(1, KILLS + 1):
        await _wait_for_progress(traffic, running, len(traffic.deeds) * number // (KILLS + 1))
        killing = asyncio.create_task(kill())
        # The deeds in flight meet the kill; those that would only find nobody there wait.
        traffic.is_up.clear()
        await killing
        traffic.is_up.set()
    await running
    gateway.kill()
    await gateway.start()
    await wait_for_success(lambda: doors.get("/healthz"))
    await _judge(stage, gateway, doors, traffic.deeds)


async def _wait_for_progress(traffic: Traffic, running: asyncio.Task[None], deeds: int) -> None:
    while traffic.finished < deeds:
        if running.done():
            raise DrillError("the traffic ended before the kill")
        await asyncio.sleep(0.002)


async def _plan(doors: Doors, maker: Maker) -> list[Deed]:
    async def register(deed: Deed) -> Answer:
        assert deed.code is not None
        answer = await doors.post("/api/register", address=new_address(), **deed.code.fields)
        deed.detail = answer.token or ""
        return answer

    async def rename(deed: Deed) -> Answer:
        return await doors.post("/api/profile/name", token=_token(deed), name=deed.detail)

    async def submit(deed: Deed) -> Answer:
        return await doors.post(
            "/api/profile/auth", token=_token(deed), real_name=REAL_NAME, id_card=deed.detail
        )

    async def upload(deed: Deed) -> Answer:
        return await doors.upload(new_picture(), token=_token(deed))

    people = await maker.people(NAMES + RECORDS + UPLOADS)
    deeds = [Deed("registration", register, code=code) for code in await maker.codes(REGISTRATIONS)]
    deeds += [Deed("name", rename, person, detail=f"new {person.id}") for person in people[:NAMES]]
    people = people[NAMES:]
    deeds += [Deed("record", submit, person, detail=new_id_number()) for person in people[:RECORDS]]
    deeds += [Deed("upload", upload, person) for person in people[RECORDS:]]
    random.shuffle(deeds)
    return deeds


def _token(deed: Deed) -> str:
    assert deed.person is not None
    return deed.person.token


async def _judge(stage: Stage, gateway: Gateway, doors: Doors, deeds: Sequence[Deed]) -> None:
    findings = stage.findings
    outcomes = {
        kind: f"{sum(deed.is_done for deed in of_kind)} of {len(of_kind)} answered as done, "
        f"{sum(deed.answer is None or deed.answer.is_missing for deed in of_kind)} without an answer"
        for kind in ("registration", "name", "record", "upload")
        if (of_kind := [deed for deed in deeds if deed.kind == kind])
    }
    for kind, outcome in outcomes.items():
        findings.tell(f"{kind}: {outcome}")
    strange = {
        str(deed.answer.outcome)
        for deed in deeds
        if deed.answer and not (deed.is_done or deed.answer.is_missing or deed.answer.is_unavailable)
    }
    findings.check("no answer is strange", holds=strange <= {"4201"}, measured=sorted(strange))
    async with making(gateway) as maker:
        lost, half = await _find_lost_and_half(doors, maker, deeds)
        findings.check("every success that was answered is there", holds=not lost, measured=lost[:3])
        findings.check("nothing is half there", holds=not half, measured=half[:3])
        broken = await find_broken_invariants(maker)
        findings.check("the tables hold their invariants", holds=not broken, measured=broken)
        await _judge_orphans(stage, gateway, doors, maker, deeds)


async def _find_lost_and_half(
    doors: Doors, maker: Maker, deeds: Sequence[Deed]
) -> tuple[list[str], list[str]]:
    lost, half = [], []
    judges = {"registration": _judge_registration, "name": _judge_name, "record": _judge_record}
    for deed in deeds:
        is_there, is_whole = await judges.get(deed.kind, _judge_upload)(doors, maker, deed)
        if deed.is_done and not is_there:
            lost.append(f"{deed.kind} {deed.detail}")
        if not is_whole:
            half.append(f"{deed.kind} {deed.detail}")
    return lost, half


async def _judge_registration(doors: Doors, maker: Maker, deed: Deed) -> tuple[bool, bool]:
    """An account without its session is whole: one signs in."""
    assert deed.code is not None
    async with maker.services.database.reading() as connection:
        row = await accounts.find_account_by_mobile(connection, deed.code.mobile)
    if row is None:
        return False, True
    signed_in = await doors.post(
        "/api/login", mobile=deed.code.mobile, password=PASSWORD, address=new_address()
    )
    if not deed.is_done:
        return True, signed_in.is_success
    session = await doors.get("/api/check_login", token=deed.detail)
    return session.is_success, signed_in.is_success


async def _judge_name(doors: Doors, maker: Maker, deed: Deed) -> tuple[bool, bool]:
    del maker
    assert deed.person is not None
    answer = await doors.get("/api/profile", token=deed.person.token)
    name = (answer.body.get("data") or {}).get("name")
    return name == deed.detail, name in {deed.detail, deed.person.national}


async def _judge_record(doors: Doors, maker: Maker, deed: Deed) -> tuple[bool, bool]:
    del doors
    assert deed.person is not None
    async with maker.services.database.reading() as connection:
        row = await identities.find_identity(connection, deed.person.id)
    if row is None:
        return False, True
    is_whole = open_identity(maker.services.keys, row) == (REAL_NAME, deed.detail)
    return is_whole, is_whole


async def _judge_upload(doors: Doors, maker: Maker, deed: Deed) -> tuple[bool, bool]:
    """An account that names a picture has it, and it is the one that was named."""
    del maker
    assert deed.person is not None
    answer = await doors.get("/api/profile", token=deed.person.token)
    url = (answer.body.get("data") or {}).get("avatar_url")
    if url is None:
        return False, True
    picture = await doors.get(url)
    is_whole = picture.status == 200 and sha256(picture.content).hexdigest() in url
    return is_whole, is_whole


async def _judge_orphans(
    stage: Stage, gateway: Gateway, doors: Doors, maker: Maker, deeds: Sequence[Deed]
) -> None:
    shown = set()
    async with maker.services.database.reading() as connection:
        for deed in deeds:
            if deed.kind == "upload" and deed.person is not None:
                row = await accounts.find_account_by_mobile(connection, deed.person.mobile)
                shown |= {row.avatar_key} if row and row.avatar_key else set()
    stored = set(await maker.services.avatars.list_keys())
    orphans = stored - shown
    reachable = [key for key in orphans if (await doors.get(f"/avatars/{key}.webp")).status != 404]
    stage.findings.check(
        "no orphan can be fetched, though it is not swept yet", holds=not reachable, measured=len(reachable)
    )
    swept = await asyncio.to_thread(gateway.run, "avatars", "sweep", "--minutes", "0")
    left = set(await maker.services.avatars.list_keys())
    stage.findings.check(
        "sweeping deletes the orphans and nothing else",
        holds=swept.returncode == 0 and left == shown,
        measured=f"{len(stored)} stored, {len(orphans)} orphans; {swept.stdout.strip() or swept.stderr.strip()}",
    )
