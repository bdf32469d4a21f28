"""Ports that tell of each call whether it worked, for the log of outages."""

from datetime import datetime

from resolvers.outages import Outage
from resolvers.ports import AvatarStore, AvatarStoreError, SmsMessage, SmsSender, SmsSenderError


class WatchedSmsSender:
    """Hands on to `sender`."""

    def __init__(self, sender: SmsSender, outage: Outage) -> None:
        self._sender = sender
        self._outage = outage

    async def send(self, message: SmsMessage) -> None:
        """See `SmsSender.send`."""
        async with self._outage.watching(SmsSenderError):
            await self._sender.send(message)

    async def aclose(self) -> None:
        """See `SmsSender.aclose`."""
        await self._sender.aclose()


class WatchedAvatarStore:
    """Hands on to `store`."""

    def __init__(self, store: AvatarStore, outage: Outage) -> None:
        self._store = store
        self._outage = outage

    async def put(self, key: str, picture: bytes) -> None:
        """See `AvatarStore.put`."""
        async with self._outage.watching(AvatarStoreError):
            await self._store.put(key, picture)

    async def get(self, key: str) -> bytes | None:
        """See `AvatarStore.get`."""
        async with self._outage.watching(AvatarStoreError):
            return await self._store.get(key)

    async def delete(self, key: str) -> None:
        """See `AvatarStore.delete`."""
        async with self._outage.watching(AvatarStoreError):
            await self._store.delete(key)

    async def list_keys(self, *, older_than: datetime | None = None) -> list[str]:
        """See `AvatarStore.list_keys`."""
        async with self._outage.watching(AvatarStoreError):
            return await self._store.list_keys(older_than=older_than)
