"""Whether the time of an answer tells who has an account: `python -m benchmarks.enumeration`.

Each probe is asked for as many mobiles with an account as without, in pairs of a random order, and the times are held
against each other: the area under the curve is the share of pairs in which the known mobile took longer. 0.5 is no
difference; the exit code is 1 when a run of any probe lies outside of 0.45 to 0.55. Resolvers are timed in this
process, with a cheap hash, so that no network and no noise of the hasher hides what a patient attacker would average
out. With 500 pairs chance alone leaves that range about once in 150 runs.
"""

import argparse
import asyncio
import gc
import random
import secrets
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from db.accounts import insert_account
from db.migrations import migrate
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.wiring import open_services
from resolvers.captchas import TTL_SECONDS
from resolvers.context import Context, Services
from resolvers.errors import AccountError
from resolvers.names import name_key
from resolvers.password_changes import reset_password
from resolvers.ports import SmsMessage
from resolvers.registration import register
from resolvers.sign_in import login
from resolvers.sms_codes import send_sms_code
from resolvers.sms_purposes import SmsPurpose
from resolvers.sms_sign_in import login_with_sms_code

LOWEST, HIGHEST = 0.45, 0.55
RUNS = 3
PAIRS = 500
_WARM_UP_PAIRS = 20
_PASSWORD = "correct horse 42"
_TEXT = "ACEF"


class Vendor:
    """Takes every message and keeps its code."""

    def __init__(self) -> None:
        self.codes: dict[str, str] = {}

    async def send(self, message: SmsMessage) -> None:
        self.codes[message.mobile] = message.code

    async def aclose(self) -> None:
        return


@dataclass(slots=True)
class World:
    """A gateway's services, and people who have not been here before."""

    services: Services
    vendor: Vendor
    password_hash: str
    _serials: "count[int]" = field(default_factory=count)
    _numbers: set[str] = field(default_factory=set)

    def context(self) -> Context:
        """A request from an address of its own."""
        serial = next(self._serials)
        return Context(self.services, address=f"10.{serial >> 16 & 255}.{serial >> 8 & 255}.{serial & 255}")

    def new_mobile(self) -> str:
        """A number that was not asked for before, in a random block."""
        while (mobile := f"+86139{secrets.randbelow(10**8):08}") in self._numbers:
            pass
        self._numbers.add(mobile)
        return mobile

    async def make_account(self, mobile: str) -> None:
        """An account whose password nobody types."""
        name = mobile.removeprefix("+86")
        async with self.services.database.writing() as connection:
            await insert_account(
                connection,
                mobile=mobile,
                name=name,
                name_key=name_key(name),
                password_hash=self.password_hash,
                created_at=self.services.clock(),
            )

    async def take_password(self, mobile: str) -> None:
        """Leave the account of `mobile` without a password, where there is one."""
        of_mobile = "(SELECT id FROM accounts WHERE mobile = :mobile)"
        async with self.services.database.writing() as connection:
            for statement in (
                f"DELETE FROM credentials WHERE account_id IN {of_mobile}",
                "UPDATE accounts SET password_hash = NULL WHERE mobile = :mobile",
            ):
                await connection.execute(text(statement), {"mobile": mobile})

    async def send(self, mobile: str, purpose: SmsPurpose = SmsPurpose.REGISTER) -> str:
        """Ask for a code, see `prepare_send`; a wrong one of six digits."""
        await (await prepare_send(self, mobile, purpose))()
        return f"{(int(self.vendor.codes[mobile]) + 1) % 10**6:06}"


Act = Callable[[], Awaitable[object]]
Probe = Callable[[World, str], Awaitable[Act]]


async def prepare_send(world: World, mobile: str, purpose: SmsPurpose = SmsPurpose.REGISTER) -> Act:
    """`sendSmsCode` after a right captcha."""
    ctx, captcha_id = world.context(), secrets.token_hex(8)
    await world.services.state.put(ctx.state_key("captcha", captcha_id), _TEXT, TTL_SECONDS)
    return lambda: send_sms_code(
        ctx, purpose=purpose, mobile=mobile, captcha_id=captcha_id, captcha_text=_TEXT
    )


async def prepare_second_send(world: World, mobile: str) -> Act:
    """`sendSmsCode` too soon after the last."""
    await world.send(mobile)
    return await prepare_send(world, mobile)


async def prepare_login(world: World, mobile: str) -> Act:
    """`login` with a wrong password."""
    ctx = world.context()
    return lambda: login(ctx, mobile=mobile, password="a wrong password")


async def prepare_register(world: World, mobile: str) -> Act:
    """`register` with a wrong code."""
    code = await world.send(mobile)
    ctx = world.context()
    return lambda: register(ctx, mobile=mobile, sms_code=code, password=_PASSWORD, consents=())


async def prepare_register_without_code(world: World, mobile: str) -> Act:
    """`register` where no code was sent."""
    ctx = world.context()
    return lambda: register(ctx, mobile=mobile, sms_code="123456", password=_PASSWORD, consents=())


async def prepare_login_without_password(world: World, mobile: str) -> Act:
    """`login` to an account that has no password."""
    await world.take_password(mobile)
    return await prepare_login(world, mobile)


async def prepare_sms_login(world: World, mobile: str) -> Act:
    """`loginWithSmsCode` with a wrong code."""
    code, ctx = await world.send(mobile, SmsPurpose.LOGIN), world.context()
    return lambda: login_with_sms_code(ctx, mobile=mobile, sms_code=code, consents=())


async def prepare_sms_login_without_code(world: World, mobile: str) -> Act:
    """`loginWithSmsCode` where no code was sent."""
    ctx = world.context()
    return lambda: login_with_sms_code(ctx, mobile=mobile, sms_code="123456", consents=())


async def prepare_reset(world: World, mobile: str) -> Act:
    """`resetPassword` with a wrong code."""
    code, ctx = await world.send(mobile, SmsPurpose.RESET_PASSWORD), world.context()
    return lambda: reset_password(ctx, mobile=mobile, sms_code=code, new_password=_PASSWORD)


async def prepare_reset_without_code(world: World, mobile: str) -> Act:
    """`resetPassword` where no code was sent."""
    ctx = world.context()
    return lambda: reset_password(ctx, mobile=mobile, sms_code="123456", new_password=_PASSWORD)


PROBES: Mapping[str, Probe] = {
    "sendSmsCode": prepare_send,
    "sendSmsCode, too soon": prepare_second_send,
    "login": prepare_login,
    "register": prepare_register,
    "register, no code": prepare_register_without_code,
    "login, no password": prepare_login_without_password,
    "sendSmsCode, LOGIN": partial(prepare_send, purpose=SmsPurpose.LOGIN),
    "sendSmsCode, RESET": partial(prepare_send, purpose=SmsPurpose.RESET_PASSWORD),
    "loginWithSmsCode": prepare_sms_login,
    "loginWithSmsCode, no code": prepare_sms_login_without_code,
    "resetPassword": prepare_reset,
    "resetPassword, no code": prepare_reset_without_code,
}


def area_under_curve(known: list[float], unknown: list[float]) -> float:
    """The share of pairs, one of each, in which the known one took longer; a tie is half a pair."""
    ranked = sorted(unknown)
    wins = sum((bisect_left(ranked, one) + bisect_right(ranked, one)) / 2 for one in known)
    return wins / (len(known) * len(unknown))


async def time_pairs(world: World, probe: Probe, pairs: int) -> tuple[list[float], list[float]]:
    """Seconds for mobiles with an account, and for those without."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(pairs):
        order = [True, False]
        random.shuffle(order)
        for is_known in order:
            mobile = world.new_mobile()
            # Somebody else's where it is nobody's: what has just been written warms or cools both alike.
            await world.make_account(mobile if is_known else world.new_mobile())
            act = await probe(world, mobile)
            gc.collect(0)
            started = time.perf_counter()
            with suppress(AccountError):
                await act()
            seconds[0 if is_known else 1].append(time.perf_counter() - started)
    return seconds


async def measure(settings: Settings, chosen: list[str], runs: int, pairs: int) -> bool:
    """Print the areas of every probe; whether all of them are within the bounds."""
    vendor, is_within = Vendor(), True
    async with open_services(settings, Parts(sms_sender=vendor)) as services:
        await migrate(services.database)
        world = World(services, vendor, await services.passwords.hash(_PASSWORD))
        for name in chosen:
            await time_pairs(world, PROBES[name], _WARM_UP_PAIRS)
            areas = [area_under_curve(*await time_pairs(world, PROBES[name], pairs)) for _ in range(runs)]
            holds = all(LOWEST <= area <= HIGHEST for area in areas)
            is_within &= holds
            listed = "  ".join(f"{area:.3f}" for area in areas)
            print(f"{name:<28}{listed}  {'ok' if holds else 'TELLS'}", flush=True)
    return is_within


def main() -> int:
    """Run the probes; 0 when none of them tells anything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.enumeration", description=__doc__)
    parser.add_argument("--only", default="", help="names of probes, with semicolons")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--database-url", help="an empty database; none: SQLite in a temporary folder")
    parser.add_argument("--redis-url", help="none: state is kept in the database")
    arguments = parser.parse_args()
    chosen = [name for name in arguments.only.split(";") if name] or list(PROBES)
    with TemporaryDirectory() as folder:
        settings = Settings.load(
            _env_file=None,
            data_dir=Path(folder),
            database_url=arguments.database_url,
            redis_url=arguments.redis_url,
            argon2_memory_kib=256,
            sms_daily_ceiling=10**6,
        )
        is_within = asyncio.run(measure(settings, chosen, arguments.runs, arguments.pairs))
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
