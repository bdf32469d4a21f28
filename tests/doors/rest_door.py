"""The driver for legacy clients: the REST shim in the documented dialect."""

import json
import secrets
from typing import Any

import httpx

from tests.doors.door import Outcome

# As the document has it; a copy, so that a change of the shim's own table is noticed.
CODES: dict[int, frozenset[str]] = {
    4001: frozenset({"SERVICE_UNAVAILABLE"}),
    4002: frozenset({"CAPTCHA_EXPIRED", "SMS_CODE_EXPIRED"}),
    4003: frozenset({"MOBILE_TAKEN", "NAME_TAKEN", "ID_NUMBER_REFUSED", "AUTH_ALREADY_SUBMITTED"}),
    4004: frozenset({"CAPTCHA_WRONG", "SMS_CODE_WRONG"}),
    4101: frozenset({"UNAUTHENTICATED"}),
    4103: frozenset({"INVALID_INPUT", "WEAK_PASSWORD"}),
    4104: frozenset({"ACCOUNT_LOCKED"}),
    4106: frozenset({"WRONG_CREDENTIALS"}),
    4201: frozenset({"RATE_LIMITED"}),
    4202: frozenset({"RATE_LIMITED"}),
    4301: frozenset({"SMS_NOT_SENT", "STORAGE_FAILED"}),
    4302: frozenset({"INVALID_IMAGE"}),
    4500: frozenset({"INTERNAL"}),
}


class RestDoor:
    """See `Door`."""

    name = "rest"

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def create_captcha(self, *, previous_id: str | None = None) -> Outcome:
        captcha_id = secrets.token_hex(8)
        response = await self.client.get(
            "/api/imagecode", params={"codeid": captcha_id, "pcodeid": previous_id or ""}
        )
        if response.headers["content-type"] == "image/png":
            return Outcome(response=response, values={"id": captcha_id})
        return outcome_of(response)

    async def send_sms_code(self, mobile: str, captcha_id: str, captcha_text: str) -> Outcome:
        return await self.post(
            "/api/smscode", mobile=mobile, image_code_id=captcha_id, image_code_text=captcha_text
        )

    async def register(self, mobile: str, code: str, password: str, *, captcha_text: str = "") -> Outcome:
        return await self.post(
            "/api/register", mobile=mobile, phonecode=code, password=password, image_code_text=captcha_text
        )

    async def login(self, mobile: str, password: str) -> Outcome:
        return await self.post("/api/login", mobile=mobile, password=password)

    async def logout(self) -> Outcome:
        return outcome_of(await self.client.get("/api/logout"))

    async def me(self) -> Outcome:
        return outcome_of(await self.client.get("/api/profile"))

    async def update_name(self, name: str) -> Outcome:
        return await self.post("/api/profile/name", name=name)

    async def upload_avatar(
        self, image: bytes, *, filename: str = "a.png", declared: str = "image/png"
    ) -> Outcome:
        response = await self.client.post(
            "/api/profile/avatar", files={"avatar": (filename, image, declared)}
        )
        outcome = outcome_of(response)
        if outcome.is_ok:
            outcome.values["avatar_url"] = response.json()["data"]
        return outcome

    async def submit_auth(self, real_name: str, id_number: str) -> Outcome:
        return await self.post("/api/profile/auth", real_name=real_name, id_card=id_number)

    async def auth_info(self) -> Outcome:
        return outcome_of(await self.client.get("/api/profile/auth"))

    async def post(self, path: str, **fields: object) -> Outcome:
        """The fields as a JSON object."""
        # httpx's own encoder would refuse a lone surrogate; attackers' do not.
        return outcome_of(await self.client.post(path, content=json.dumps(fields)))


def outcome_of(response: httpx.Response) -> Outcome:
    """An envelope in the words of both doors."""
    envelope = response.json()
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    if envelope["errno"] == 0:
        assert envelope["errmsg"] == "OK"
        return Outcome(response=response, values=_values(envelope.get("data")))
    return Outcome(
        response=response,
        refusals=CODES[envelope["errno"]],
        message=envelope["errmsg"],
        retry_after_seconds=envelope.get("retry_after"),
        is_address_limit=envelope["errno"] == 4202 if envelope["errno"] in {4201, 4202} else None,
    )


def _values(data: object) -> dict[str, Any]:
    values: dict[str, Any] = dict(data) if isinstance(data, dict) else {}
    if "mobile" in values:
        values["mobile"] = f"+86{values['mobile']}"
    if "user_id" in values:
        values["id"] = str(values["user_id"])
    if "id_card" in values:
        values["id_number"] = values["id_card"]
    return values
