"""SIGTERM under load: what was accepted is answered, nothing is done without an answer, and the end is orderly."""

import asyncio
import signal
import time

from drills.actors import making, new_address, new_mobile, new_picture
from drills.load import Crowd
from drills.servers import Gateway
from drills.stage import Stage
from drills.vendor import Vendor
from drills.visitors import Answer, Doors

CROWD = 20
SLOW_SENDS = 5
UPLOADS = 3
# Well below the 3.5 s after which a sender is given up: the machine may be busy.
VENDOR_SECONDS = 2.0
GRACE_SECONDS = 10


async def drill_sigterm(stage: Stage) -> None:
    """SIGTERM under load, to one worker and to two."""
    vendor = await stage.stack.enter_async_context(Vendor().running())
    vendor.manner, vendor.hang_seconds = "hang", VENDOR_SECONDS
    for workers in ("1", "2"):
        gateway = await stage.gateway(
            data_dir=stage.folder / f"data{workers}",
            WORKERS=workers,
            SHUTDOWN_GRACE_SECONDS=str(GRACE_SECONDS),
            SMS_SENDER="http",
            SMS_HTTP_URL=vendor.url,
            SMS_HTTP_TOKEN="drill",
            LIMITS_SCALE="1000",
        )
        await _play(stage, gateway, vendor, f"{workers} worker{'s' * (workers != '1')}")


async def _play(stage: Stage, gateway: Gateway, vendor: Vendor, name: str) -> None:
    doors = await stage.doors(gateway)
    async with making(gateway) as maker:
        crowd = Crowd.of(await maker.people(CROWD))
        uploaders, captchas = await maker.people(UPLOADS), await maker.captchas(SLOW_SENDS)
    until = asyncio.Event()
    tasks = crowd.start(doors, until)
    await asyncio.sleep(1)
    sends = [
        doors.post(
            "/api/smscode",
            mobile=new_mobile(),
            image_code_id=captcha.id,
            image_code_text=captcha.text,
            address=new_address(),
        )
        for captcha in captchas
    ]
    arrived_before = vendor.arrived
    slow = asyncio.gather(*(doors.upload(new_picture(1500), token=p.token) for p in uploaders), *sends)
    # A request that still waits to be accepted by a busy machine would be none that can be lost.
    async with asyncio.timeout(15):
        while vendor.arrived < arrived_before + SLOW_SENDS:
            await asyncio.sleep(0.02)
    answered_before = len([answer for answer in crowd.answers if answer.is_success])
    started = time.monotonic()
    code = await gateway.end(signal.SIGTERM)
    seconds = time.monotonic() - started
    until.set()
    await asyncio.gather(*tasks)
    _judge_end(stage, name, code, seconds, list(await slow))
    stage.findings.tell(f"{name}: {answered_before} name changes before the signal; {crowd.outcomes} in all")
    await _judge_books(stage, gateway, doors, crowd, name)


def _judge_end(stage: Stage, name: str, code: int | None, seconds: float, slow: list[Answer]) -> None:
    findings = stage.findings
    findings.check(f"{name}: the exit code is 0", holds=code == 0, measured=code)
    findings.check_within(f"{name}: it ends within the grace period", seconds, GRACE_SECONDS)
    findings.check(
        f"{name}: {len(slow)} slow requests in flight are answered",
        holds=all(answer.is_success for answer in slow),
        measured=[answer.outcome for answer in slow],
    )


async def _judge_books(stage: Stage, gateway: Gateway, doors: Doors, crowd: Crowd, name: str) -> None:
    """After a restart: who has no answer finds nothing done."""
    await gateway.start()
    done_silently = []
    for renaming in crowd.renamings:
        answer = await doors.get("/api/profile", token=renaming.person.token)
        found = (answer.body.get("data") or {}).get("name")
        if found != (renaming.confirmed or renaming.person.national):
            done_silently.append(f"{found!r}, not {renaming.confirmed!r}")
    stage.findings.check(
        f"{name}: every success is there, and nothing is done without an answer",
        holds=not done_silently,
        measured=done_silently[:3],
    )
    strange = {o for o in crowd.outcomes if o != 0 and not str(o).startswith("no answer")}
    stage.findings.check(
        f"{name}: no answer is strange", holds=not strange, measured=sorted(map(str, strange))
    )
    gateway.kill()
