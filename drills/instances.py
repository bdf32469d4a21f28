"""Two instances of two workers each behind one PostgreSQL and one Redis: limits and single use hold over all.

Every race is run with last-byte synchronisation (see `drills/last_byte.py`), spread over both instances.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from drills.actors import PASSWORD, Maker, new_address, new_id_number, new_mobile
from drills.last_byte import Shot, race
from drills.servers import Gateway
from drills.stage import Stage
from drills.visitors import Answer, Doors

RACERS = 40


async def drill_instances(stage: Stage) -> None:
    """Two workers and two instances behind one PostgreSQL and one Redis."""
    server = await stage.postgresql(connections=100)
    redis = await stage.redis()
    shared = {"DATABASE_URL": server.url, "REDIS_URL": redis.url, "WORKERS": "2"}
    gateways = [
        await stage.gateway(data_dir=stage.folder / f"instance{number}", **shared) for number in range(2)
    ]
    maker = await stage.maker(gateways[0])
    ring = Ring(gateways)
    await _race_passwords(stage, ring, maker)
    await _race_captcha(stage, ring, maker)
    await _race_code(stage, ring, maker)
    await _race_wrong_codes(stage, ring, maker)
    await _race_sends(stage, ring, maker)
    await _race_records(stage, ring, maker)
    await _race_names(stage, ring, maker)
    await _watch_sign_out(stage, [await stage.doors(gateway) for gateway in gateways], maker)


class Ring:
    """Both instances in turn."""

    def __init__(self, gateways: Sequence[Gateway]) -> None:
        self._ports = [gateway.port for gateway in gateways]

    def port(self, number: int) -> int:
        """The port of the instance whose turn it is."""
        return self._ports[number % len(self._ports)]

    async def run(
        self,
        path: str,
        fields: Callable[[int], dict[str, object]],
        *,
        count: int = RACERS,
        token: str | None = None,
        address: str = "",
    ) -> list[Answer]:
        """`count` requests at one moment, spread over the instances."""
        return await race([Shot(self.port(n), path, fields(n), token, address) for n in range(count)])


def _tally(answers: Sequence[Answer]) -> dict[int | str, int]:
    return dict(Counter(answer.outcome for answer in answers))


async def _race_passwords(stage: Stage, ring: Ring, maker: Maker) -> None:
    [person] = await maker.people(1)
    answers = await ring.run(
        "/api/login", lambda n: {"mobile": person.national, "password": f"wrong {n}"}, address=new_address()
    )
    tally = _tally(answers)
    stage.findings.check(
        f"of {RACERS} wrong passwords at once five are judged",
        holds=tally.get(4106) == 5 and set(tally) <= {4106, 4201, 4202},
        measured=tally,
    )
    right = await ring.run(
        "/api/login",
        lambda _: {"mobile": person.national, "password": PASSWORD},
        count=4,
        address=new_address(),
    )
    stage.findings.check(
        "the pause holds for the right password at every worker",
        holds=all(answer.outcome == 4201 for answer in right),
        measured=_tally(right),
    )


async def _race_captcha(stage: Stage, ring: Ring, maker: Maker) -> None:
    [captcha] = await maker.captchas(1)
    mobiles = [new_mobile() for _ in range(RACERS)]
    answers = await ring.run(
        "/api/smscode",
        lambda n: {"mobile": mobiles[n], "image_code_id": captcha.id, "image_code_text": captcha.text},
        address=new_address(),
    )
    tally = _tally(answers)
    stage.findings.check(
        f"one captcha used {RACERS} times at once sends one code",
        holds=tally.get(0) == 1 and tally.get(4002) == RACERS - 1,
        measured=tally,
    )


async def _race_code(stage: Stage, ring: Ring, maker: Maker) -> None:
    [code] = await maker.codes(1)
    answers = await ring.run("/api/register", lambda _: dict(code.fields), address=new_address())
    tally = _tally(answers)
    stage.findings.check(
        f"one code used {RACERS} times at once makes one account",
        holds=tally.get(0) == 1 and set(tally) <= {0, 4002, 4003, 4201},
        measured=tally,
    )


async def _race_wrong_codes(stage: Stage, ring: Ring, maker: Maker) -> None:
    [code] = await maker.codes(1)
    wrong = f"{(int(code.code) + 1) % 1_000_000:06d}"
    answers = await ring.run(
        "/api/register", lambda _: {**code.fields, "phonecode": wrong}, count=60, address=new_address()
    )
    tally = _tally(answers)
    stage.findings.check(
        "of 60 wrong codes at once five are judged",
        holds=tally.get(4004) == 5 and set(tally) <= {4004, 4201, 4002},
        measured=tally,
    )


async def _race_sends(stage: Stage, ring: Ring, maker: Maker) -> None:
    captchas, mobile, address = await maker.captchas(30), new_mobile(), new_address()
    answers = await ring.run(
        "/api/smscode",
        lambda n: {"mobile": mobile, "image_code_id": captchas[n].id, "image_code_text": captchas[n].text},
        count=10,
        address=address,
    )
    stage.findings.check(
        "ten codes asked for one mobile at once: one is sent",
        holds=_tally(answers) == {0: 1, 4201: 9},
        measured=_tally(answers),
    )
    captchas, mobiles, address = await maker.captchas(30), [new_mobile() for _ in range(30)], new_address()
    answers = await ring.run(
        "/api/smscode",
        lambda n: {
            "mobile": mobiles[n],
            "image_code_id": captchas[n].id,
            "image_code_text": captchas[n].text,
        },
        count=30,
        address=address,
    )
    stage.findings.check(
        "thirty codes asked from one address at once: twenty are sent",
        holds=_tally(answers) == {0: 20, 4202: 10},
        measured=_tally(answers),
    )


async def _race_records(stage: Stage, ring: Ring, maker: Maker) -> None:
    [person] = await maker.people(1)
    numbers = [new_id_number() for _ in range(RACERS)]
    answers = await ring.run(
        "/api/profile/auth", lambda n: {"real_name": "张三", "id_card": numbers[n]}, token=person.token
    )
    stage.findings.check(
        f"{RACERS} real-name records for one account at once: one is kept",
        holds=_tally(answers) == {0: 1, 4003: RACERS - 1},
        measured=_tally(answers),
    )


async def _race_names(stage: Stage, ring: Ring, maker: Maker) -> None:
    people, number = await maker.people(20), new_id_number()
    shots = [
        Shot(ring.port(n), "/api/profile/auth", {"real_name": "张三", "id_card": number}, person.token)
        for n, person in enumerate(people)
    ]
    answers = await race(shots)
    stage.findings.check(
        "one ID number for twenty accounts at once: one gets it",
        holds=_tally(answers) == {0: 1, 4003: 19},
        measured=_tally(answers),
    )
    shots = [
        Shot(ring.port(n), "/api/profile/name", {"name": f"one of {people[0].id}"}, person.token)
        for n, person in enumerate(people)
    ]
    answers = await race(shots)
    stage.findings.check(
        "one name for twenty accounts at once: one gets it",
        holds=_tally(answers) == {0: 1, 4003: 19},
        measured=_tally(answers),
    )


async def _watch_sign_out(stage: Stage, doors: Sequence[Doors], maker: Maker) -> None:
    """Sign out at one instance; the very next question at the other finds nobody."""
    seen: Counter[int | str] = Counter()
    for person in await maker.people(20):
        before = await doors[1].get("/api/check_login", token=person.token)
        await doors[0].get("/api/logout", token=person.token)
        after = [await doors[n % 2].get("/api/check_login", token=person.token) for n in range(1, 5)]
        seen[f"before {before.outcome}"] += 1
        seen.update(answer.outcome for answer in after)
    stage.findings.check(
        "who signs out at one instance is signed out at every worker at once (20 people)",
        holds=seen["before 0"] == 20 and seen[4101] == 80,
        measured=dict(seen),
    )
