"""The right to do what only one process at a time shall do."""

import os
import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from db.engine import ConflictError, Connection, Database
from db.leases import find_lease, insert_lease, set_lease_holder


class Lease:
    """One of `name` for all processes on one database.

    The holder counts the lease's number up now and then; whoever sees it stand still for `lapse_seconds` takes it
    over. No clocks of two machines are compared, so that it does not matter by how much they differ. A holder that
    was asleep for longer finds out when it next asks.
    """

    def __init__(
        self,
        database: Database,
        name: str,
        *,
        lapse_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._name = name
        self._lapse_seconds = lapse_seconds
        self._monotonic = monotonic
        # For operators who look at the table; the digits make it unique.
        self._me = f"{socket.gethostname()[:64]}:{os.getpid()}:{secrets.token_hex(8)}"
        self._is_held = False
        self._seen: int | None = None
        self._seen_at = 0.0

    async def hold(self) -> bool:
        """Take the lease, or keep it; whether it is ours now.

        Raises:
            DatabaseUnavailableError: nothing is known then.
        """
        self._is_held = False
        # Of several that make its row at once, one does.
        with suppress(ConflictError):
            async with self._database.writing() as connection:
                is_taken = await self._take(connection)
            self._is_held = is_taken
        return self._is_held

    async def release(self) -> None:
        """Let others have it at once.

        Raises:
            DatabaseUnavailableError: they have to wait until it lapses.
        """
        if not self._is_held:
            return
        async with self._database.writing() as connection:
            row = await find_lease(connection, self._name)
            if row is not None and row.holder == self._me:
                await set_lease_holder(connection, self._name, "", turn=row.turn)

    async def _take(self, connection: Connection) -> bool:
        row = await find_lease(connection, self._name)
        if row is None:
            await insert_lease(connection, self._name, self._me)
            return True
        if row.holder not in {self._me, ""} and not self._has_lapsed(row.turn):
            return False
        return await set_lease_holder(connection, self._name, self._me, turn=row.turn)

    def _has_lapsed(self, turn: int) -> bool:
        now = self._monotonic()
        if turn != self._seen:
            self._seen, self._seen_at = turn, now
        return now - self._seen_at >= self._lapse_seconds
