"""People at the doors: what they ask, what they get, and how long it takes."""

import json
import time
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from drills.findings import MISSING

# Longer than anything that the contract allows: a slower answer is measured, not cut off.
_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. `outcome` is an errno, a GraphQL error code, 0 for a success, or why there was none."""

    outcome: int | str
    seconds: float
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    token: str | None = None
    content: bytes = b""

    @property
    def is_success(self) -> bool:
        """Whether it was done."""
        return self.outcome == 0

    @property
    def is_missing(self) -> bool:
        """Whether no answer came."""
        return isinstance(self.outcome, str) and self.outcome.startswith(MISSING)

    @property
    def is_unavailable(self) -> bool:
        """Whether the answer was the contract's for a dependency that is down."""
        return self.outcome in {4001, "SERVICE_UNAVAILABLE"}


class Doors:
    """Both doors of one gateway, for any number of people at once."""

    def __init__(self, url: str) -> None:
        # Each call says who it is; nothing may be remembered for the next.
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        limits = httpx.Limits(max_connections=400, max_keepalive_connections=100, keepalive_expiry=5)
        self._client = httpx.AsyncClient(
            base_url=url, timeout=_TIMEOUT_SECONDS, limits=limits, trust_env=False, cookies=no_cookies
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def get(self, path: str, *, token: str | None = None, address: str = "", **query: str) -> Answer:
        """A read at the legacy door, or any other path."""
        return await self._ask("GET", path, token, address, params=query)

    async def post(self, path: str, *, token: str | None = None, address: str = "", **fields: str) -> Answer:
        """A write at the legacy door."""
        return await self._ask("POST", path, token, address, json=fields)

    async def upload(self, picture: bytes, *, token: str) -> Answer:
        """A new avatar."""
        return await self._ask("POST", "/api/profile/avatar", token, "", files={"avatar": ("a.png", picture)})

    async def query(
        self,
        document: str,
        variables: dict[str, Any] | None = None,
        *,
        token: str | None = None,
        address: str = "",
    ) -> Answer:
        """An operation at the GraphQL door."""
        body = {"query": document, "variables": variables or {}}
        return await self._ask("POST", "/graphql", token, address, json=body)

    async def _ask(
        self,
        method: str,
        path: str,
        token: str | None,
        address: str,
        **request: Any,  # noqa: ANN401 - httpx's own
    ) -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if address:
            headers["x-forwarded-for"] = address
        started = time.perf_counter()
        try:
            response = await self._client.request(method, path, headers=headers, **request)
        except httpx.HTTPError as error:
            return Answer(f"{MISSING}: {type(error).__name__}", time.perf_counter() - started)
        return read_answer(
            response.status_code, dict(response.headers), response.content, time.perf_counter() - started
        )


def read_answer(status: int, headers: dict[str, str], content: bytes, seconds: float) -> Answer:
    """Judge an answer of either door, or of neither."""
    token = _token_of(headers.get("set-cookie", ""))
    if "json" not in headers.get("content-type", ""):
        return Answer(0 if status == 200 else f"status {status}", seconds, {}, status, token, content)
    try:
        body = json.loads(content)
    except ValueError:
        return Answer("no JSON", seconds, {}, status, token, content)
    return Answer(_outcome(status, body), seconds, body, status, token, content)


def _outcome(status: int, body: dict[str, Any]) -> int | str:
    if "errno" in body:
        errno: int = body["errno"]
        return errno
    if body.get("errors"):
        return str(body["errors"][0].get("extensions", {}).get("code", "GraphQL error without a code"))
    for payload in (body.get("data") or {}).values():
        if isinstance(payload, dict) and payload.get("errors"):
            return str(payload["errors"][0].get("code", "payload error without a code"))
    return 0 if status == 200 else f"status {status}"


def _token_of(cookie: str) -> str | None:
    name, _, rest = cookie.partition("=")
    value = rest.partition(";")[0]
    return value if name.endswith("session") and value else None
