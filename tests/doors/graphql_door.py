"""The driver for SPA clients: GraphQL over HTTP."""

import json
from typing import Any

import httpx

from tests.doors.door import Outcome

ERRORS = (
    "errors { __typename code message field "
    "... on CodeError { attemptsRemaining } ... on RateLimitedError { retryAfterSeconds } "
    "... on ReauthenticationRequiredError { methods } }"
)
ACCOUNT = "account { id mobile name avatarUrl createdAt }"
AUTH_INFO = "{ realName idNumber submittedAt }"

# Mutation, its input type, and what is asked of its payload.
MUTATIONS = {
    "createCaptcha": ("CreateCaptchaInput", "captcha { id image audioUrl expiresAt }"),
    "sendSmsCode": ("SendSmsCodeInput!", "resendAvailableAt expiresAt"),
    "register": ("RegisterInput!", f"{ACCOUNT} session {{ expiresAt token }}"),
    "login": ("LoginInput!", f"{ACCOUNT} session {{ expiresAt token }}"),
    "loginWithSmsCode": (
        "LoginWithSmsCodeInput!",
        f"{ACCOUNT} session {{ expiresAt token }} isNewAccount",
    ),
    "resetPassword": ("ResetPasswordInput!", "me { id }"),
    "changePassword": ("ChangePasswordInput!", f"{ACCOUNT} session {{ expiresAt token }}"),
    "reauthenticate": (
        "ReauthenticateInput!",
        f"{ACCOUNT} session {{ expiresAt token }} authenticatedUntil authenticatedForSeconds",
    ),
    "updateName": ("UpdateNameInput!", ACCOUNT),
    "uploadAvatar": ("UploadAvatarInput!", ACCOUNT),
    "submitAuth": ("SubmitAuthInput!", f"authInfo {AUTH_INFO}"),
}


def mutation_document(name: str) -> str:
    """The document of a mutation, its input as the variable `input`."""
    if name == "logout":
        return f"mutation {{ logout {{ {ERRORS} }} }}"
    input_type, made = MUTATIONS[name]
    return f"mutation ($input: {input_type}) {{ {name}(input: $input) {{ {made} {ERRORS} }} }}"


class GraphQLDoor:
    """See `Door`."""

    name = "graphql"

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def create_captcha(self, *, previous_id: str | None = None) -> Outcome:
        return await self._mutate("createCaptcha", {"previousId": previous_id} if previous_id else None)

    async def send_sms_code(self, mobile: str, captcha_id: str, captcha_text: str) -> Outcome:
        return await self._mutate(
            "sendSmsCode", {"mobile": mobile, "captchaId": captcha_id, "captchaText": captcha_text}
        )

    async def send_code_for(
        self, purpose: str, mobile: str | None, captcha_id: str, captcha_text: str
    ) -> Outcome:
        fields = {"captchaId": captcha_id, "captchaText": captcha_text, "purpose": purpose}
        return await self._mutate("sendSmsCode", fields | ({"mobile": mobile} if mobile else {}))

    async def login_with_sms_code(self, mobile: str, code: str, delivery: str = "COOKIE") -> Outcome:
        return await self._mutate(
            "loginWithSmsCode", {"mobile": mobile, "smsCode": code, "tokenDelivery": delivery}
        )

    async def reset_password(self, mobile: str, code: str, password: str) -> Outcome:
        return await self._mutate(
            "resetPassword", {"mobile": mobile, "smsCode": code, "newPassword": password}
        )

    async def change_password(self, current: str | None, new: str) -> Outcome:
        return await self._mutate("changePassword", {"currentPassword": current, "newPassword": new})

    async def reauthenticate(self, **proof: str) -> Outcome:
        """`password` or `smsCode`."""
        return await self._mutate("reauthenticate", proof)

    async def register(self, mobile: str, code: str, password: str, *, captcha_text: str = "") -> Outcome:
        del captcha_text
        return await self._mutate("register", {"mobile": mobile, "smsCode": code, "password": password})

    async def login(self, mobile: str, password: str) -> Outcome:
        return await self._mutate("login", {"mobile": mobile, "password": password})

    async def logout(self) -> Outcome:
        return await self._mutate("logout", None)

    async def me(self) -> Outcome:
        response = await self.post("{ me { id mobile name avatarUrl } }")
        refused = _top_level(response)
        if refused is not None:
            return refused
        account = response.json()["data"]["me"]
        if account is None:
            return Outcome(response=response, refusals=frozenset({"UNAUTHENTICATED"}))
        return Outcome(response=response, values=_flat(account))

    async def update_name(self, name: str) -> Outcome:
        return await self._mutate("updateName", {"name": name})

    async def upload_avatar(
        self, image: bytes, *, filename: str = "a.png", declared: str = "image/png"
    ) -> Outcome:
        operations = {
            "query": mutation_document("uploadAvatar"),
            "variables": {"input": {"image": None}},
        }
        response = await self.client.post(
            "/graphql",
            data={"operations": json.dumps(operations), "map": '{"0": ["variables.input.image"]}'},
            files={"0": (filename, image, declared)},
        )
        return outcome_of("uploadAvatar", response)

    async def submit_auth(self, real_name: str, id_number: str) -> Outcome:
        return await self._mutate("submitAuth", {"realName": real_name, "idNumber": id_number})

    async def auth_info(self) -> Outcome:
        response = await self.post(f"{{ authInfo {AUTH_INFO} }}")
        refused = _top_level(response)
        if refused is not None:
            return refused
        record = response.json()["data"]["authInfo"] or {"realName": None, "idNumber": None}
        return Outcome(response=response, values=_flat(record))

    async def post(self, query: str, variables: dict[str, Any] | None = None) -> httpx.Response:
        """One operation as it is."""
        # httpx's own encoder would refuse a lone surrogate; attackers' do not.
        body = json.dumps({"query": query, "variables": variables})
        return await self.client.post("/graphql", content=body, headers={"content-type": "application/json"})

    async def _mutate(self, name: str, fields: dict[str, Any] | None) -> Outcome:
        variables = None if fields is None else {"input": fields}
        return outcome_of(name, await self.post(mutation_document(name), variables))


def outcome_of(name: str, response: httpx.Response) -> Outcome:
    refused = _top_level(response)
    if refused is not None:
        return refused
    payload = response.json()["data"][name]
    errors = payload.pop("errors")
    if not errors:
        return Outcome(response=response, values=_flat(payload))
    # A refusal comes alone, and of what was to be made there is nothing.
    assert len(errors) == 1
    assert not any(payload.values())
    return _refusal(response, errors[0])


def _refusal(response: httpx.Response, error: dict[str, Any]) -> Outcome:
    return Outcome(
        response=response,
        refusals=frozenset({error["code"]}),
        message=error["message"],
        field=tuple(error["field"]) if error["field"] else None,
        attempts_remaining=error.get("attemptsRemaining"),
        retry_after_seconds=error.get("retryAfterSeconds"),
    )


def _top_level(response: httpx.Response) -> Outcome | None:
    answer = response.json()
    if "errors" not in answer:
        return None
    codes = frozenset(error["extensions"]["code"] for error in answer["errors"])
    return Outcome(response=response, refusals=codes, message=answer["errors"][0]["message"])


_NAMES = {
    "avatarUrl": "avatar_url",
    "realName": "real_name",
    "idNumber": "id_number",
    "expiresAt": "expires_at",
    "resendAvailableAt": "resend_available_at",
    "isNewAccount": "is_new_account",
    "authenticatedUntil": "authenticated_until",
}


def _flat(payload: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in payload.items():
        flat |= _flat(value) if isinstance(value, dict) else {_NAMES.get(name, name): value}
    return flat
