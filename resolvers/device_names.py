"""What a person calls the device that a `User-Agent` header comes from: the browser, and what it runs on."""

import asyncio
from functools import lru_cache

from resolvers.messages import Language

# An account has at most 50 sessions, and most of an installation's clients are of a few kinds.
_KEPT = 4096


async def name_device(user_agent: str, language: Language) -> str | None:
    """Such as "Chrome on Windows"; None where nothing is recognised. In a thread: the first call loads the rules."""
    browser, system = await asyncio.to_thread(_recognise, user_agent)
    if browser and system:
        return f"{system} 上的 {browser}" if language == "zh" else f"{browser} on {system}"
    return browser or system


@lru_cache(maxsize=_KEPT)
def _recognise(user_agent: str) -> tuple[str | None, str | None]:
    # A tenth of a second and some megabytes, for which only who asks should pay.
    from ua_parser import parse  # noqa: PLC0415

    found = parse(user_agent)
    browser: str | None = found.user_agent.family if found.user_agent else None
    system: str | None = found.os.family if found.os else None
    return browser, system
