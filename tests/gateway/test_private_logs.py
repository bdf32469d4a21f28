"""No line of the log tells a code, a password, a token, an ID number, a real name or a whole mobile."""

import base64
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx
import pytest

from tests.gateway.actors import new_id_number, new_mobile
from tests.gateway.processes import Server, run_command, serving
from tests.gateway.sms_vendor import SmsVendor, sms_vendor

PASSWORD, WRONG_PASSWORD = "Brunnen-Vase 77", "Brunnen-Vase 78"
REAL_NAME, OTHER_REAL_NAME = "欧阳锋", "上官婉儿"
NAME = "快乐的小鱼"
VENDOR_TOKEN = "a-token-of-somebody-else"

REGISTER = "mutation($i:RegisterInput!){register(input:$i){session{token} errors{code}}}"
LOGIN = "mutation($i:LoginInput!){login(input:$i){session{token} errors{code}}}"
SUBMIT = "mutation($i:SubmitAuthInput!){submitAuth(input:$i){errors{code}}}"
RENAME = "mutation($i:UpdateNameInput!){updateName(input:$i){errors{code}}}"

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEYS": f"2026:{base64.b64encode(sha256(b's').digest()).decode()}",
    "ARGON2_MEMORY_KIB": "7168",
    "ARGON2_PASSES": "5",
    "PUBLIC_URL": "https://gateway.test",
}


@dataclass(slots=True)
class Story:
    """A client that tells everything that it says and hears, and keeps what nobody may read in a log."""

    server: Server
    vendor: SmsVendor
    client: httpx.Client
    private: list[str] = field(default_factory=list)
    request_ids: list[str] = field(default_factory=list)

    def keep(self, secret: str) -> str:
        self.private.append(secret)
        return secret

    def send(self, method: str, url: str, **options: Any) -> Any:  # noqa: ANN401 - httpx's options, any JSON
        """The JSON of the answer, or its bytes; no browser's cookies are kept."""
        self.client.cookies.clear()
        response = self.client.request(method, url, **options)
        self.request_ids.append(response.headers["x-request-id"])
        for cookie in response.headers.get_list("set-cookie"):
            self.keep(cookie.partition("=")[2].partition(";")[0])
        return response.json() if "json" in response.headers.get("content-type", "") else response.content

    def graphql(self, query: str, token: str | None = None, **variables: object) -> Any:  # noqa: ANN401 - any JSON
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return self.send(
            "POST", "/graphql", json={"query": query, "variables": {"i": variables}}, headers=headers
        )

    def solve_captcha(self) -> tuple[str, str]:
        captcha_id = secrets.token_hex(8)
        self.send("GET", "/api/imagecode", params={"codeid": captcha_id})
        with closing(sqlite3.connect(self.server.data_dir / "gateway.db")) as connection:
            row = connection.execute(
                "SELECT value FROM state_entries WHERE key LIKE 'captcha:%' ORDER BY expires_at_ms DESC"
            ).fetchone()
        return captcha_id, self.keep(row[0])

    def ask_for_code(self, mobile: str) -> tuple[str, str]:
        captcha_id, text = self.solve_captcha()
        self.send(
            "POST",
            "/api/smscode",
            json={"mobile": mobile, "image_code_id": captcha_id, "image_code_text": text},
        )
        return self.keep(self.vendor.codes[-1]), text


@pytest.fixture(scope="module", params=["development", "production"])
def finished_story(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """Everything has happened, the server has ended, and its log is complete."""
    directory = tmp_path_factory.mktemp("story")
    with sms_vendor() as vendor:
        settings = {"SMS_SENDER": "http", "SMS_HTTP_URL": vendor.url, "SMS_HTTP_TOKEN": VENDOR_TOKEN}
        settings |= {"LOG_LEVEL": "debug"} | (PRODUCTION if request.param == "production" else {})
        assert run_command("migrate", DATA_DIR=str(directory / "data"), **settings).code == 0
        with serving(directory, **settings) as server:
            story = Story(server, vendor, server.client())
            live_through_everything(story)
            assert server.terminate() == 0
            yield story


def live_through_everything(story: Story) -> None:
    """Both doors, successes and failures, each with something private in it."""
    mobile, other = story.keep(new_mobile()), story.keep(new_mobile())
    number, other_number = story.keep(new_id_number()), story.keep(new_id_number())
    story.private += [PASSWORD, WRONG_PASSWORD, REAL_NAME, OTHER_REAL_NAME, NAME, VENDOR_TOKEN]

    token = register_by_graphql(story, mobile)
    register_by_rest(story, other)
    story.graphql("{me{id mobile name authInfo{realName idNumber}}}", token)
    story.graphql(RENAME, token, name=NAME)
    story.graphql(RENAME, token, name=f"<{NAME}>")
    story.graphql(SUBMIT, token, realName=REAL_NAME, idNumber=number)
    story.graphql(SUBMIT, token, realName=OTHER_REAL_NAME, idNumber=other_number)
    story.graphql(SUBMIT, token, realName=REAL_NAME, idNumber=f"{number}0")
    sign_in_by_every_way(story, mobile, other, number)
    say_what_cannot_be_understood(story, mobile, number, token)
    story.graphql("mutation{logout{errors{code}}}", token)
    story.graphql("{me{id}}", token)


def register_by_graphql(story: Story, mobile: str) -> str:
    code, _ = story.ask_for_code(f"+86{mobile}")
    story.graphql(REGISTER, mobile=mobile, smsCode="000000", password=PASSWORD, tokenDelivery="BODY")
    made = story.graphql(REGISTER, mobile=mobile, smsCode=code, password=PASSWORD, tokenDelivery="BODY")
    return story.keep(made["data"]["register"]["session"]["token"])


def register_by_rest(story: Story, mobile: str) -> None:
    story.vendor.is_accepting = False
    story.ask_for_code(mobile)
    story.vendor.is_accepting = True
    code, text = story.ask_for_code(mobile)
    fields = {"mobile": mobile, "phonecode": code, "image_code_text": text, "password": PASSWORD}
    assert story.send("POST", "/api/register", json=fields)["errno"] == 0
    story.send("POST", "/api/register", json=fields)


def sign_in_by_every_way(story: Story, mobile: str, other: str, number: str) -> None:
    signed_in = story.graphql(LOGIN, mobile=mobile, password=PASSWORD, tokenDelivery="BODY")
    story.keep(signed_in["data"]["login"]["session"]["token"])
    story.graphql(LOGIN, mobile=mobile, password=WRONG_PASSWORD)
    for password in (PASSWORD, WRONG_PASSWORD):
        credentials = {"mobile": other, "password": password}
        story.send("POST", "/api/login", data=credentials)
        story.send("GET", "/api/profile", params=credentials)
        story.send(
            "POST", "/api/profile/auth", json={**credentials, "real_name": REAL_NAME, "id_card": number}
        )


def say_what_cannot_be_understood(story: Story, mobile: str, number: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    story.graphql(f'mutation{{login(input:{{mobile:"{mobile}",password:"{PASSWORD}"}}){{errors{{code}}}}}}')
    story.graphql(f'{{me{{id}} nonsense(mobile:"{mobile}",password:"{PASSWORD}",idNumber:"{number}")}}')
    story.graphql(f'mutation{{login(input:{{mobile:"{mobile}",password:"{PASSWORD}"')
    story.graphql(LOGIN, mobile=[mobile], password={"is": PASSWORD})
    story.send("GET", "/graphql", params={"query": f'{{me(token:"{token}"){{id}}}}'})
    unreadable = (
        f'{{"mobile":"{mobile}","password":"{PASSWORD}"',
        f'["{PASSWORD}"]',
        f"{mobile}\0{PASSWORD}",
    )
    for body in unreadable:
        story.send("POST", "/api/login", content=body.encode())
        story.send("POST", "/graphql", content=body.encode(), headers={"content-type": "application/json"})
    form = f"real_name={REAL_NAME}&id_card={number}".encode() + b"\xed\xa0\x80"
    story.send("POST", "/api/profile/auth", content=form, headers=headers)
    story.send("POST", f"/api/nothing?password={PASSWORD}&token={token}")
    story.send("GET", f"/avatars/{secrets.token_hex(32)}.webp", params={"token": token}, headers=headers)
    story.send(
        "POST",
        "/api/login",
        json={"mobile": mobile, "password": PASSWORD},
        headers={"origin": f"https://{mobile}.example"},
    )


def lines_of(log: str) -> list[str]:
    """The log; what development shows on purpose is no part of it."""
    return [line for line in log.splitlines() if not line.startswith("outbox: ")]


def told(secret: str, log: str) -> list[str]:
    """Lines with the secret in them. A few characters that are part of a longer word or number are another one."""
    is_short = len(secret) < 8 and secret.isascii()
    pattern = re.compile(rf"(?<![\w.]){re.escape(secret)}(?!\w)" if is_short else re.escape(secret))
    return [line for line in lines_of(log) if pattern.search(line)]


def test_nothing_private_is_in_any_line(finished_story: Story) -> None:
    private = {secret for secret in finished_story.private if secret}

    assert len(private) > 15
    assert [line for secret in private for line in told(secret, finished_story.server.log)] == []


@pytest.mark.parametrize(
    "secret", [PASSWORD, REAL_NAME, "13912345678", "123456", "W4XK", "110105194912310025"]
)
@pytest.mark.parametrize("form", ["x={}", '{{"x":"{}"}}', "'{}'", "+86 {} y", "{}"])
def test_secret_in_a_line_would_be_found(secret: str, form: str) -> None:
    assert told(secret, f"a line\n{form.format(secret)}\nanother")


def test_every_request_has_one_line_with_the_id_of_its_header(finished_story: Story) -> None:
    access = [line for line in lines_of(finished_story.server.log) if "milliseconds" in line]
    ids = [re.search(r'request_id"?[=:]"?(\w+)', line) for line in access]

    assert [found and found[1] for found in ids] == finished_story.request_ids


def test_no_request_ends_in_a_fault(finished_story: Story) -> None:
    log = finished_story.server.log

    assert "Traceback" not in log
    errors = [line for line in lines_of(log) if '"level":"error"' in line or "[error" in line]
    # The story's vendor fails once: an outage is told, and is no fault of ours.
    assert not [line for line in errors if "dependency.outage_began" not in line]
