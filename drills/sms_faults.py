"""The SMS vendor hangs, resets, answers nonsense: who waits for it is told in time, and nobody else notices."""

import asyncio
from collections.abc import Sequence
from statistics import median

from drills.actors import Maker, new_address, new_mobile
from drills.load import measure
from drills.stage import Stage
from drills.vendor import Manner, Vendor
from drills.visitors import Answer, Doors

ANSWER_SECONDS = 5.0
WAITING = 10
# What a busy machine does by itself.
_HARM_MEDIAN_SECONDS = 0.1
_HARM_SECONDS = 1.0

_MANNERS: Sequence[Manner] = ("hang", "reset", "nonsense", "refuse", "drip", "flood")


async def drill_sms(stage: Stage) -> None:
    """The SMS vendor hangs for 30 s, resets, answers nonsense."""
    vendor = await stage.stack.enter_async_context(Vendor().running())
    redis = await stage.redis()
    gateway = await stage.gateway(
        REDIS_URL=redis.url, SMS_SENDER="http", SMS_HTTP_URL=vendor.url, SMS_HTTP_TOKEN="drill"
    )
    doors = await stage.doors(gateway)
    maker = await stage.maker(gateway)
    for manner in _MANNERS:
        await _watch(stage, doors, maker, vendor, manner)


async def _watch(stage: Stage, doors: Doors, maker: Maker, vendor: Vendor, manner: Manner) -> None:
    mobiles = [new_mobile() for _ in range(WAITING)]
    vendor.manner = "well"
    calm = await measure(doors, ["/healthz", "/api/check_login"], 1)
    vendor.manner = manner
    sending = asyncio.create_task(_send_all(doors, maker, mobiles))
    others = await measure(doors, ["/healthz", "/api/check_login"], 2)
    answers = await sending
    findings = stage.findings
    findings.check(
        f"{manner}: {WAITING} sends at once are refused as not sent",
        holds=all(answer.outcome == 4301 for answer in answers),
        measured=sorted({str(answer.outcome) for answer in answers}),
    )
    findings.check_within(
        f"{manner}: every answer is there in time", max(a.seconds for a in answers), ANSWER_SECONDS
    )
    findings.check(
        f"{manner}: others do not wait",
        holds=median(others) < median(calm) + _HARM_MEDIAN_SECONDS
        and max(others) < max(calm) + _HARM_SECONDS,
        measured=f"median {median(others) * 1000:.0f} ms, calm {median(calm) * 1000:.0f} ms; "
        f"slowest {max(others) * 1000:.0f} ms, calm {max(calm) * 1000:.0f} ms",
    )
    vendor.manner = "well"
    [again] = await _send_all(doors, maker, mobiles[:1])
    findings.check(
        f"{manner}: nothing was used up: the next send for that mobile goes out at once",
        holds=again.is_success and mobiles[0] in vendor.codes,
        measured=again.outcome,
    )


async def _send_all(doors: Doors, maker: Maker, mobiles: Sequence[str]) -> list[Answer]:
    captchas = await maker.captchas(len(mobiles))
    return await asyncio.gather(
        *(
            doors.post(
                "/api/smscode",
                mobile=mobile,
                image_code_id=captcha.id,
                image_code_text=captcha.text,
                address=new_address(),
            )
            for mobile, captcha in zip(mobiles, captchas, strict=True)
        )
    )
