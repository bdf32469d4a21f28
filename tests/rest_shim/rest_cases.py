"""For every endpoint: what people do there, right and wrong, so that each documented answer is given once."""

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from db.engine import DatabaseUnavailableError
from resolvers.errors import RateLimitedError
from resolvers.messages import Reason
from resolvers.operators import lock_account
from resolvers.ports import AvatarStoreError, StateStoreError
from tests.rest_shim.visitors import PASSWORD, Visitor, Visitors, picture

Answers = AsyncIterator[httpx.Response]
RestCase = Callable[[Visitors], Answers]
Call = Callable[[Visitor], Awaitable[httpx.Response]]

OTHER_SITE = {"sec-fetch-site": "cross-site"}


async def at_imagecode(visitors: Visitors) -> Answers:
    visitor = visitors.come()
    yield await visitor.get("/api/imagecode", codeid="11", pcodeid="10")
    yield await visitor.get("/api/imagecode")
    with visitors.broken(RateLimitedError(1, Reason.TOO_BUSY), "drawing"):
        yield await visitor.get("/api/imagecode", codeid="11")
    while (response := await visitor.get("/api/imagecode", codeid="11")).headers[
        "content-type"
    ] == "image/png":
        pass
    yield response
    async for answer in when_broken(visitors, lambda visitor: visitor.get("/api/imagecode", codeid="1")):
        yield answer


async def at_smscode(visitors: Visitors) -> Answers:
    visitor = visitors.come()
    yield await visitor.post("/api/smscode", mobile=visitor.mobile)
    yield await visitor.post(
        "/api/smscode", mobile=visitor.mobile, image_code_id="unknown", image_code_text="AAAA"
    )
    captcha_id = await visitor.fetch_captcha()
    yield await visitor.post(
        "/api/smscode", mobile=visitor.mobile, image_code_id=captcha_id, image_code_text="0000"
    )
    visitors.harness.sms.is_failing = True
    yield await visitor.send_code()
    visitors.harness.sms.is_failing = False
    yield await visitor.send_code()
    yield await visitor.send_code()
    for number in range(100, 119):
        await visitor.send_code(f"13911110{number}")
    yield await visitor.send_code("13911110119")
    yield await from_other_site(visitor, "POST", "/api/smscode")
    async for answer in when_broken(
        visitors,
        lambda visitor: visitor.post(
            "/api/smscode", mobile=visitor.mobile, image_code_id="1", image_code_text="A"
        ),
    ):
        yield answer


async def at_register(visitors: Visitors) -> Answers:
    visitor = visitors.come()
    yield await visitor.post(
        "/api/register", mobile=visitor.mobile, password=PASSWORD, phonecode="123456", image_code_text="A"
    )
    await visitor.send_code()
    yield await visitor.send_registration(password="short")
    yield await visitor.send_registration(phonecode=wrong(visitors.harness.sms.last_code))
    yield await visitor.send_registration(image_code_text="0000")
    yield await visitor.send_registration()
    visitors.harness.clock.advance(60)
    await visitor.send_code()
    yield await visitor.send_registration()
    guesser = visitors.come()
    await guesser.send_code()
    for _ in range(3):
        await guesser.send_registration(phonecode=wrong(visitors.harness.sms.last_code))
    with visitors.broken(RateLimitedError(1, Reason.TOO_BUSY), "passwords"):
        yield await guesser.send_registration()
    yield await from_other_site(visitor, "POST", "/api/register")
    async for answer in when_broken(visitors, lambda visitor: visitor.send_registration(image_code_text="A")):
        yield answer


async def at_login(visitors: Visitors) -> Answers:
    visitor = await visitors.registered()
    yield await visitor.post("/api/login", mobile=visitor.mobile)
    yield await visitor.post("/api/login", mobile=visitor.mobile, password=PASSWORD)
    async for answer in with_failing_sign_ins(
        visitors, lambda visitor, **fields: visitor.post("/api/login", **fields)
    ):
        yield answer
    yield await from_other_site(visitor, "POST", "/api/login")
    async for answer in when_broken(
        visitors, lambda visitor: visitor.post("/api/login", mobile=visitor.mobile, password=PASSWORD)
    ):
        yield answer


async def at_check_login(visitors: Visitors) -> Answers:
    visitor = await visitors.registered()
    yield await visitor.get("/api/check_login")
    yield await visitors.come().get("/api/check_login")
    async for answer in when_broken_for(visitors, visitor, lambda visitor: visitor.get("/api/check_login")):
        yield answer


async def at_logout(visitors: Visitors) -> Answers:
    visitor = await visitors.registered()
    yield await from_other_site(visitor, "GET", "/api/logout")
    async for answer in when_broken_for(visitors, visitor, lambda visitor: visitor.get("/api/logout")):
        yield answer
    yield await visitor.get("/api/logout")
    yield await visitor.get("/api/logout")


async def at_profile(visitors: Visitors) -> Answers:
    visitor = await visitors.registered()
    yield await visitor.get("/api/profile")
    await visitor.upload(picture())
    yield await visitor.get("/api/profile")
    async for answer in at_door_of_profile(visitors, visitor, "GET", "/api/profile"):
        yield answer


async def at_avatar(visitors: Visitors) -> Answers:
    visitor = await visitors.registered()
    yield await visitor.upload(picture())
    yield await visitor.upload(b"<svg/>")
    yield await visitor.post("/api/profile/avatar", avatar="no file")
    with visitors.broken(AvatarStoreError("full"), "avatars"):
        yield await visitor.upload(picture())
    async for answer in at_door_of_profile(visitors, visitor, "POST", "/api/profile/avatar"):
        yield answer


async def at_name(visitors: Visitors) -> Answers:
    visitor, other = await visitors.registered(), await visitors.registered()
    yield await visitor.post("/api/profile/name", name="小明")
    yield await other.post("/api/profile/name", name="小明")
    yield await visitor.post("/api/profile/name")
    async for answer in at_door_of_profile(visitors, visitor, "POST", "/api/profile/name", name="x"):
        yield answer


async def at_reading_auth(visitors: Visitors) -> Answers:
    visitor = await visitors.registered()
    yield await visitor.get("/api/profile/auth")
    await visitor.post("/api/profile/auth", real_name="张三", id_card=visitor.id_number)
    yield await visitor.get("/api/profile/auth")
    async for answer in at_door_of_profile(visitors, visitor, "GET", "/api/profile/auth"):
        yield answer


async def at_auth(visitors: Visitors) -> Answers:
    visitor, other = await visitors.registered(), await visitors.registered()
    record = {"real_name": "张三", "id_card": visitor.id_number}
    yield await visitor.post("/api/profile/auth", **record)
    yield await visitor.post("/api/profile/auth", **record)
    yield await other.post("/api/profile/auth", **record)
    yield await other.post("/api/profile/auth", real_name="李四", id_card="1")
    async for answer in at_door_of_profile(visitors, visitor, "POST", "/api/profile/auth", **record):
        yield answer


async def at_door_of_profile(
    visitors: Visitors, owner: Visitor, method: str, path: str, **fields: str
) -> Answers:
    """What is the same for all endpoints that need an account."""

    async def call(visitor: Visitor, **more: str) -> httpx.Response:
        if path.endswith("avatar"):
            return await visitor.upload(picture(), **more)
        if method == "GET":
            return await visitor.get(path, **more)
        return await visitor.post(path, **fields, **more)

    yield await call(visitors.come())
    stranger = visitors.come()
    yield await call(stranger, mobile=owner.mobile, password=PASSWORD)
    assert not stranger.client.cookies
    yield await call(stranger, mobile="no mobile", password=PASSWORD)
    if method == "POST":
        yield await from_other_site(owner, method, path)
    async for answer in when_broken_for(visitors, owner, call):
        yield answer
    async for answer in with_failing_sign_ins(visitors, call):
        yield answer


async def with_failing_sign_ins(
    visitors: Visitors, call: Callable[..., Awaitable[httpx.Response]]
) -> Answers:
    """A wrong password, too many for a mobile, too many from an address, and a locked account."""
    guesser = visitors.come()
    for _ in range(6):
        yield await call(guesser, mobile="13922220000", password="wrong password")
    for number in range(15):
        await call(guesser, mobile=f"139333300{number:02}", password="wrong password")
    yield await call(guesser, mobile="13933330099", password="wrong password")
    locked = await visitors.registered()
    await lock_account(visitors.context(), mobile=locked.mobile)
    locked.client.cookies.clear()
    yield await call(locked, mobile=locked.mobile, password=PASSWORD)


async def when_broken(visitors: Visitors, call: Call) -> Answers:
    """The state store is down; then something that nobody foresaw."""
    visitor = visitors.come()
    for error in (StateStoreError("down"), ArithmeticError("a mistake of ours")):
        with visitors.broken(error, "state"):
            yield await call(visitor)


async def when_broken_for(visitors: Visitors, visitor: Visitor, call: Call) -> Answers:
    """The database is down; then something that nobody foresaw."""
    for error in (DatabaseUnavailableError("down"), ArithmeticError("a mistake of ours")):
        with visitors.broken(error, "database", "viewers"):
            yield await call(visitor)


async def from_other_site(visitor: Visitor, method: str, path: str) -> httpx.Response:
    return await visitor.client.request(method, path, headers=OTHER_SITE)


def wrong(code: str) -> str:
    """Another code of six digits."""
    return f"{(int(code) + 1) % 10**6:06}"


REST_CASES: dict[str, RestCase] = {
    "getImageCode": at_imagecode,
    "sendSmsCode": at_smscode,
    "register": at_register,
    "login": at_login,
    "checkLogin": at_check_login,
    "logout": at_logout,
    "getProfile": at_profile,
    "uploadAvatar": at_avatar,
    "updateName": at_name,
    "getAuth": at_reading_auth,
    "submitAuth": at_auth,
}
