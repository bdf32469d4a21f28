"""Bodies that look like requests, sent through proxies: nobody ever gets an answer to a request of somebody else."""

import asyncio
import json
from contextlib import closing, suppress

from drills.actors import PASSWORD, Person, making
from drills.findings import DrillError
from drills.reverse_proxies import REVERSE_PROXIES, ReverseProxy
from drills.stage import Stage
from drills.visitors import Doors

ATTACKS = 60
VICTIMS = 6
_WAIT_SECONDS = 0.05
_PAUSES_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.03)

_UPGRADES = (
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n",
    "",
)


async def drill_proxies(stage: Stage) -> None:
    """Requests that offer an upgrade, with requests in their bodies, through Caddy, nginx and HAProxy."""
    # What the bodies ask for is to be slow, so that its answer would come when somebody else waits for one.
    gateway = await stage.gateway(ARGON2_MEMORY_KIB="65536", ARGON2_PASSES="2")
    async with making(gateway) as maker:
        attacker, *victims = await maker.people(1 + VICTIMS)
    for kind in REVERSE_PROXIES:
        proxy = kind(stage.folder, [gateway.port])
        stage.stack.callback(proxy.kill)
        await proxy.start()
        await _play(stage, proxy, attacker, victims)
        proxy.kill()


async def _play(stage: Stage, proxy: ReverseProxy, attacker: Person, victims: list[Person]) -> None:
    doors = [Doors(proxy.url) for _ in victims]
    until = asyncio.Event()
    watching = [asyncio.create_task(_watch(*pair, until)) for pair in zip(doors, victims, strict=True)]
    try:
        answers = [await _attack(proxy.port, attacker, number) for number in range(ATTACKS)]
    finally:
        until.set()
        seen = await asyncio.gather(*watching)
        for door in doors:
            await door.aclose()
    strange = [answer for answers_of in seen for answer in answers_of if answer]
    count = sum(map(len, seen))
    stage.findings.check(
        f"{proxy.name}: {VICTIMS} people see themselves in every answer",
        holds=not strange and count > ATTACKS,
        measured=strange[:3] or f"{count} answers",
    )
    wrong = [answer for answer in answers if answer.count(b"HTTP/1.1 ") != 1 or b"4103" not in answer]
    stage.findings.check(
        f"{proxy.name}: each of {ATTACKS} attacks gets one answer, to itself",
        holds=not wrong,
        measured=wrong[:2] or "",
    )


async def _watch(doors: Doors, person: Person, until: asyncio.Event) -> list[str]:
    """What was strange about each answer to somebody who asks for the own profile; nothing, mostly."""
    strange = []
    while not until.is_set():
        answer = await doors.get("/api/profile", token=person.token)
        mobile = (answer.body.get("data") or {}).get("mobile")
        strange.append("" if mobile == person.national else f"{answer.outcome}: {answer.body}")
    return strange


async def _attack(port: int, attacker: Person, number: int) -> bytes:
    """All that comes back to a body that is a slow request for a session of the attacker, sent after its head."""
    login = json.dumps({"mobile": attacker.national, "password": PASSWORD})
    body = (
        "POST /api/login HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(login)}\r\n\r\n{login}"
    )
    chunked = number % 2
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    sent = f"{len(body):x}\r\n{body}\r\n0\r\n\r\n" if chunked else body
    upgrade = _UPGRADES[number % len(_UPGRADES)]
    head = f"POST /api/login HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n{upgrade}{framing}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with closing(writer):
        writer.write(head.encode())
        # Behind the head, and before the answer to it, after which no proxy uses the connection again.
        await asyncio.sleep(_PAUSES_SECONDS[number % len(_PAUSES_SECONDS)])
        writer.write(sent.encode())
        try:
            first = await asyncio.wait_for(reader.read(65536), 10)
        except (TimeoutError, OSError) as error:
            raise DrillError(f"the proxy does not answer: {type(error).__name__}") from None
        with suppress(TimeoutError):
            # Whatever else comes would be an answer to what nobody has asked.
            first += await asyncio.wait_for(reader.read(65536), _WAIT_SECONDS)
        return first
