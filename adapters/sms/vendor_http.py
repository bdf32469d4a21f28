"""One HTTPS request to a vendor, with an end: a time limit for all of it, no redirect, no retry, a small answer."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from resolvers.ports import SmsSenderError

_MAXIMUM_ANSWER_BYTES = 64 * 1024


class VendorHttp:
    """Posts to a vendor and reads its JSON.

    The transport is used without httpx's client on top: that would write the URL, which may hold a mobile and a code,
    to the log. Each request has a connection of its own: one that the vendor closed while it was idle would cost a
    message, and a message cannot be sent twice.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        limits = httpx.Limits(max_connections=50, max_keepalive_connections=0)
        self._transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Give the status and the JSON object of the answer.

        Raises:
            SmsSenderError: when none comes in time. It says nothing of what was sent.
        """
        request = httpx.Request("POST", url, headers=dict(headers), content=body)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._exchange(request)
        except (httpx.HTTPError, httpx.StreamError, OSError, TimeoutError) as error:
            raise SmsSenderError(f"no answer: {type(error).__name__}") from error

    async def reach(self, url: str) -> None:
        """Ask for nothing but an answer, whichever it is.

        Raises:
            SmsSenderError: when none comes in time.
        """
        request = httpx.Request("HEAD", url)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await (await self._transport.handle_async_request(request)).aclose()
        except (httpx.HTTPError, httpx.StreamError, OSError, TimeoutError) as error:
            raise SmsSenderError(str(error) or f"no answer: {type(error).__name__}") from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._transport.aclose()

    async def _exchange(self, request: httpx.Request) -> tuple[int, dict[str, Any]]:
        response = await self._transport.handle_async_request(request)
        try:
            return response.status_code, _parse(await _read(response))
        finally:
            await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    body = b""
    # Raw: nothing compressed was asked for, and it could be made to unpack to anything.
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAXIMUM_ANSWER_BYTES:
            raise SmsSenderError("the answer is too long")
    return body


def _parse(body: bytes) -> dict[str, Any]:
    """Read a JSON object; anything else is an empty one, and the status says what it was."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
