"""What a sign-in costs beside its hash: `python -m benchmarks.sign_ins`.

Resolvers are run in this process, one after the other, for an account of its own each time: milliseconds of CPU of the
whole process without the hash's, which is timed alone in the same turn, and statements sent to the database. Goals: a
sign-in at most 2 ms, a reset and a sign-in by code under 5 ms.
"""

import argparse
import asyncio
import gc
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.enumeration import Act, Vendor, World
from benchmarks.machine import describe_machine
from benchmarks.table import spread
from db.migrations import migrate
from gateway.parts import Parts
from gateway.settings import Settings
from gateway.wiring import open_services
from resolvers.password_changes import reset_password
from resolvers.sign_in import login
from resolvers.sms_purposes import SmsPurpose
from resolvers.sms_sign_in import login_with_sms_code

_PASSWORD = "correct horse 42"
_NEW_PASSWORD = "another horse 43"
_TURNS = 3

Deed = Callable[[World], Awaitable[Act]]


async def prepare_login(world: World) -> Act:
    """`login` with the right password."""
    mobile = world.new_mobile()
    await world.make_account(mobile)
    ctx = world.context()
    return lambda: login(ctx, mobile=mobile, password=_PASSWORD)


async def prepare_sms_login(world: World, *, is_known: bool = True) -> Act:
    """`loginWithSmsCode` with the right code."""
    mobile = world.new_mobile()
    if is_known:
        await world.make_account(mobile)
    await world.send(mobile, SmsPurpose.LOGIN)
    ctx, code = world.context(), world.vendor.codes[mobile]
    return lambda: login_with_sms_code(ctx, mobile=mobile, sms_code=code, consents=())


async def prepare_sms_registration(world: World) -> Act:
    """`loginWithSmsCode` where there is no account."""
    return await prepare_sms_login(world, is_known=False)


async def prepare_reset(world: World) -> Act:
    """`resetPassword` with the right code."""
    mobile = world.new_mobile()
    await world.make_account(mobile)
    await world.send(mobile, SmsPurpose.RESET_PASSWORD)
    ctx, code = world.context(), world.vendor.codes[mobile]
    return lambda: reset_password(ctx, mobile=mobile, sms_code=code, new_password=_NEW_PASSWORD)


DEEDS: Mapping[str, tuple[Deed, float, bool]] = {
    "login": (prepare_login, 2.0, True),
    "loginWithSmsCode": (prepare_sms_login, 5.0, False),
    "loginWithSmsCode, no account": (prepare_sms_registration, 5.0, False),
    "resetPassword": (prepare_reset, 5.0, True),
}
"""What is done, the goal in milliseconds, and whether a hash is part of it."""


async def time_hash(world: World) -> float:
    """Milliseconds of CPU of one hash, the way to the pool included."""
    started = time.process_time()
    await world.services.passwords.hash(_PASSWORD)
    return (time.process_time() - started) * 1000


async def measure(settings: Settings, count: int) -> bool:
    """Print a line for each deed; whether all goals are met."""
    vendor, statements, is_met = Vendor(), [0], True

    def note(*_: Any) -> None:
        statements[0] += 1

    event.listen(Engine, "before_cursor_execute", note)
    async with open_services(settings, Parts(sms_sender=vendor)) as services:
        await migrate(services.database)
        world = World(services, vendor, await services.passwords.hash(_PASSWORD))
        for name, (deed, goal, has_hash) in DEEDS.items():
            turns, sent = [], 0
            for _ in range(_TURNS):
                spent, hashed = [], []
                for _ in range(count):
                    act = await deed(world)
                    hashed.append(await time_hash(world) if has_hash else 0.0)
                    gc.collect(0)
                    statements[0], started = 0, time.process_time()
                    await act()
                    spent.append((time.process_time() - started) * 1000)
                    sent = statements[0]
                turns.append(median(spent) - median(hashed))
            is_met &= median(turns) <= goal
            verdict = "ok" if median(turns) <= goal else "OVER"
            print(
                f"{name:<30}{spread(turns, '.2f')} ms, goal {goal}, {sent} statements  {verdict}", flush=True
            )
    return is_met


def main() -> int:
    """Run the deeds; 0 when all goals are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sign_ins", description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="of each deed in a turn; there are three")
    parser.add_argument("--database-url", help="an empty database; none: SQLite in a temporary folder")
    parser.add_argument("--redis-url", help="none: state is kept in the database")
    arguments = parser.parse_args()
    print("\n".join(f"- {line}" for line in describe_machine()))
    with TemporaryDirectory() as folder:
        settings = Settings.load(
            _env_file=None,
            data_dir=Path(folder),
            database_url=arguments.database_url,
            redis_url=arguments.redis_url,
            argon2_memory_kib=256,
            sms_daily_ceiling=10**6,
        )
        return 0 if asyncio.run(measure(settings, arguments.count)) else 1


if __name__ == "__main__":
    sys.exit(main())
