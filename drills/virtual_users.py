"""Virtual users of the soak: each does what a person would, well and badly, and keeps the books of it."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from secrets import token_hex

from drills.actors import PASSWORD, Maker, new_address, new_id_number, new_mobile, new_picture
from drills.vendor import Vendor
from drills.visitors import Answer, Doors
from resolvers.ports import StateStoreError

REAL_NAME = "张三丰"
_ME = "{ me { id name mobile avatarUrl authInfo { realName idNumber } } }"
_RENAME = "mutation($n: String!) { updateName(input: {name: $n}) { account { name } errors { code } } }"


@dataclass(slots=True)
class Books:
    """What all users have been answered. `lies` are answers that cannot be true."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    accounts: int = 0
    records: int = 0
    lies: list[str] = field(default_factory=list)

    def note(self, deed: str, answer: Answer) -> Answer:
        """Count an answer."""
        self.outcomes[f"{deed}: {answer.outcome}"] += 1
        self.slowest = max(self.slowest, (answer.seconds, deed))
        return answer


class VirtualUser:
    """Somebody who comes with a phone, registers, uses the service, goes, and comes again."""

    def __init__(self, doors: Doors, maker: Maker, vendor: Vendor, books: Books) -> None:
        self._doors, self._maker, self._vendor, self._books = doors, maker, vendor, books
        self._address = new_address()
        self._mobile = ""
        self._name = ""
        self._token: str | None = None
        self._has_record = False

    async def run(self, until: asyncio.Event, pause_seconds: float, delay_seconds: float) -> None:
        """Come after a while, and live until `until` is set."""
        await asyncio.sleep(delay_seconds)
        while not until.is_set():
            await asyncio.sleep(random.expovariate(1 / pause_seconds))
            if not self._mobile:
                await self._register()
            elif self._token is None:
                await self._sign_in()
            else:
                await self._pick()()

    def _pick(self) -> Callable[[], Awaitable[None]]:
        deeds: dict[Callable[[], Awaitable[None]], int] = {
            self._look: 50,
            self._rename: 12,
            self._look_at_profile: 15,
            self._submit_record: 4,
            self._upload: 1,
            self._sign_out: 4,
            self._blunder: 8,
            self._leave: 3,
        }
        return random.choices(list(deeds), weights=list(deeds.values()))[0]

    async def _register(self) -> None:
        mobile, captcha_id = new_mobile(), token_hex(8)
        drawn = await self._get("/api/imagecode", "captcha", codeid=captcha_id, pcodeid="")
        text = await self._read_captcha(captcha_id)
        if not drawn.is_success or text is None:
            return
        sending = {"mobile": mobile, "image_code_id": captcha_id, "image_code_text": text.lower()}
        if not (await self._post("/api/smscode", "SMS", **sending)).is_success:
            return
        fields = {
            "mobile": mobile.removeprefix("+86"),
            "phonecode": self._vendor.codes[mobile],
            "image_code_text": text,
            "password": PASSWORD,
        }
        made = await self._post("/api/register", "registration", **fields)
        if made.is_success:
            self._mobile, self._token, self._name = mobile, made.token, fields["mobile"]
            self._books.accounts += 1
            again = await self._post("/api/register", "used code", **fields)
            if again.is_success:
                self._books.lies.append("a code was good twice")

    async def _read_captcha(self, captcha_id: str) -> str | None:
        """What a person would see in the picture."""
        try:
            return await self._maker.services.state.get(f"captcha:{captcha_id}")
        except StateStoreError:
            # This machine is too busy for the drill's own question; the next try has another captcha.
            return None

    async def _sign_in(self) -> None:
        answer = await self._post("/api/login", "sign-in", mobile=self._mobile, password=PASSWORD)
        if answer.is_success:
            self._token = answer.token

    async def _look(self) -> None:
        answer = self._books.note("me", await self._doors.query(_ME, token=self._token))
        if answer.is_success:
            me = (answer.body.get("data") or {}).get("me") or {}
            self._expect("me", me.get("name"))
            if bool(me.get("authInfo")) != self._has_record:
                self._books.lies.append("the real-name record does not show as it was answered")

    async def _look_at_profile(self) -> None:
        answer = await self._get("/api/profile", "profile")
        if answer.is_success:
            self._expect("profile", answer.body["data"]["name"])

    async def _rename(self) -> None:
        name = f"u{token_hex(6)}"
        if random.random() < 0.5:
            answer = await self._doors.query(_RENAME, {"n": name}, token=self._token)
        else:
            answer = await self._doors.post("/api/profile/name", token=self._token, name=name)
        if self._books.note("rename", answer).is_success:
            self._name = name
        elif not answer.is_unavailable:
            return
        else:
            # Whether it was done is not known; nothing can be demanded of the name any more.
            self._name = ""

    async def _submit_record(self) -> None:
        answer = await self._post(
            "/api/profile/auth", "record", real_name=REAL_NAME, id_card=new_id_number(), token=self._token
        )
        if answer.is_success:
            if self._has_record:
                self._books.lies.append("a second real-name record was accepted")
            self._has_record = True
            self._books.records += 1

    async def _upload(self) -> None:
        self._books.note("upload", await self._doors.upload(new_picture(300), token=self._token or ""))

    async def _sign_out(self) -> None:
        token, self._token = self._token, None
        await self._get("/api/logout", "sign-out", token=token)
        after = await self._get("/api/check_login", "signed out", token=token)
        if after.is_success:
            self._books.lies.append("a session was alive after its sign-out")

    async def _blunder(self) -> None:
        blunders = [
            ("/api/login", {"mobile": new_mobile(), "password": "not the right one"}),
            ("/api/register", {"mobile": "12", "phonecode": "x", "password": "y", "image_code_text": "z"}),
            ("/api/smscode", {"mobile": self._mobile, "image_code_id": "none", "image_code_text": "AAAA"}),
        ]
        path, fields = random.choice(blunders)
        answer = self._books.note("blunder", await self._doors.post(path, address=new_address(), **fields))
        if answer.is_success:
            self._books.lies.append(f"a blunder at {path} succeeded")
        self._books.note("bad query", await self._doors.query("{ me { nothing } }", token=self._token))

    async def _leave(self) -> None:
        """Somebody new takes the place."""
        self._mobile, self._token, self._name, self._has_record = "", None, "", False
        self._address = new_address()

    def _expect(self, deed: str, name: object) -> None:
        if self._name and name != self._name:
            self._books.lies.append(f"{deed} says {name!r}, not {self._name!r}")

    async def _get(self, path: str, deed: str, token: str | None = None, **query: str) -> Answer:
        token = token or self._token
        return self._books.note(
            deed, await self._doors.get(path, token=token, address=self._address, **query)
        )

    async def _post(self, path: str, deed: str, token: str | None = None, **fields: str) -> Answer:
        answer = await self._doors.post(path, token=token, address=self._address, **fields)
        return self._books.note(deed, answer)
