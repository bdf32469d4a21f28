"""Nothing but the two reads: a bare ASGI application on asyncpg and redis-py, no router, no GraphQL."""

import json
import os

import asyncpg
from redis.asyncio import Redis

SQL = "SELECT id, mobile, name, avatar_key, created_at FROM accounts WHERE id = $1"
HEADERS = [(b"content-type", b"application/json")]


class App:
    def __init__(self):
        self.pool = None
        self.redis = None

    async def open(self):
        self.pool = await asyncpg.create_pool(os.environ["PEER_DATABASE_URL"], min_size=10, max_size=10)
        self.redis = Redis.from_url(os.environ["PEER_REDIS_URL"])

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            await self.open()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = json.dumps({"data": {"me": await self.find_viewer(scope["headers"])}}).encode()
        headers = [*HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def find_viewer(self, headers):
        cookie = next((value for name, value in headers if name == b"cookie"), b"")
        account_id = await self.redis.get(b"session:" + cookie.removeprefix(b"session="))
        if account_id is None:
            return None
        row = await self.pool.fetchrow(SQL, int(account_id))
        key = row["avatar_key"]
        return {
            "id": str(row["id"]),
            "mobile": row["mobile"],
            "name": row["name"],
            "avatarUrl": f"/avatars/{key}.webp" if key else None,
            "createdAt": row["created_at"].isoformat(),
        }


app = App()
