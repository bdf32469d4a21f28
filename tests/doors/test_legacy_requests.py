"""What a request at the legacy door costs, and what comes of it when its client goes away."""

from collections.abc import Awaitable
from typing import Any

import pytest

from db.sessions import SessionRow
from resolvers.viewers import Viewers
from tests.doors.flows import ID_NUMBER, MOBILE, PASSWORD, REAL_NAME, sign_up
from tests.doors.harness import HOST, Harness

pytestmark = pytest.mark.anyio


class CountingViewers:
    """Counts how often a session is looked up; on some databases that is no statement of SQLAlchemy's."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers
        self.count = 0

    def find(self, token_hash: str) -> Awaitable[SessionRow | None]:
        self.count += 1
        return self._viewers.find(token_hash)


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("GET", "/api/check_login", None),
        ("GET", "/api/profile", None),
        ("GET", "/api/profile/auth", None),
        ("POST", "/api/profile/name", {"name": "小明"}),
        ("POST", "/api/profile/auth", {"real_name": REAL_NAME, "id_card": ID_NUMBER}),
    ],
)
async def test_session_is_looked_up_once(harness: Harness, method: str, path: str, fields: Any) -> None:  # noqa: ANN401
    client = harness.client(token=await harness.make_account(MOBILE))

    viewers = CountingViewers(harness.services.viewers)
    object.__setattr__(harness.services, "viewers", viewers)

    answer = await client.request(method, path, json=fields)

    assert answer.json()["errno"] == 0
    assert viewers.count == 1


async def test_password_in_the_request_serves_it_whatever_was_asked_first(harness: Harness) -> None:
    await sign_up(harness, harness.open_door("graphql"))
    stranger = harness.client()
    credentials = {"mobile": MOBILE, "password": PASSWORD}

    answers = [
        (await stranger.post("/api/profile/name", json={"name": "小明", **credentials})).json(),
        (await stranger.post("/api/profile/name", json=credentials)).json(),
        (await stranger.post("/api/profile/name", json={})).json(),
        (await stranger.post("/api/profile/name", json={"name": "小红"})).json(),
        (await stranger.get("/api/profile", params=credentials)).json(),
    ]

    assert [answer["errno"] for answer in answers] == [0, 4103, 4101, 4101, 0]
    assert answers[-1]["data"]["name"] == "小明"
    assert not stranger.cookies


async def test_sign_out_is_finished_although_the_client_has_gone(harness: Harness) -> None:
    token = await harness.make_account(MOBILE)
    headers = {"host": HOST, "authorization": f"Bearer {token}", "content-length": "5"}

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_: Any) -> None:  # noqa: ANN401
        return

    await harness.app(
        {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": "/api/logout",
            "query_string": b"",
            "client": ("198.51.100.1", 50000),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        },
        gone,
        send,
    )

    assert (await harness.client(token=token).get("/api/check_login")).json()["errno"] == 4101
