"""Which media type is chosen for an `Accept` header."""

import pytest

from graphql_http.errors import RequestRefusedError
from graphql_http.negotiation import negotiate, prefers_html
from tests.graphql_http.toy import LEGACY, MODERN, Client, codes_of


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", LEGACY),
        ("*/*", LEGACY),
        ("application/*", LEGACY),
        (MODERN, MODERN),
        (f"{MODERN}; charset=utf-8", MODERN),
        (f'{MODERN}; charset="UTF-8"', MODERN),
        (MODERN.upper(), MODERN),
        (f"{MODERN}, {LEGACY};q=0.9", MODERN),
        (f"{LEGACY};q=0.9, {MODERN}", MODERN),
        (f"{LEGACY}, {MODERN}", LEGACY),
        (f"{MODERN}, {LEGACY}", MODERN),
        (f"{MODERN};q=0.1, {LEGACY};q=0.2", LEGACY),
        (f"{MODERN};q=0.2, */*;q=0.1", MODERN),
        (f"*/*, {MODERN}", MODERN),
        (f"{LEGACY};q=0, */*", MODERN),
        (f"{MODERN};q=0, */*", LEGACY),
        ("text/html, application/*;q=0.1", LEGACY),
        (f"text/html;q=nonsense, {MODERN};q=0.5", MODERN),
        (f"{MODERN};q=7, {LEGACY}", LEGACY),
        (f"{MODERN}; charset=utf-16, {LEGACY};q=0.1", LEGACY),
        (",,;q=1," + MODERN, MODERN),
    ],
)
def test_best_liked_media_type_is_chosen(accept: str, chosen: str) -> None:
    assert negotiate(accept.encode()).name == chosen


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", "application/*;q=0", "*/*;q=0", f"{MODERN}; charset=latin-1", ";"],
)
def test_what_cannot_be_served_is_refused(accept: str) -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        negotiate(accept.encode())

    assert refusal.value.status == 406


def test_long_header_is_not_remembered() -> None:
    long = MODERN + "," + "text/x-" + "y" * 5_000

    assert negotiate(long.encode()).name == MODERN


@pytest.mark.anyio
async def test_refusal_names_what_can_be_had(client: Client) -> None:
    response = await client.ask("{ name }", "text/html")

    assert response.status_code == 406
    assert codes_of(response) == ["NOT_ACCEPTABLE"]
    assert MODERN in response.text
    assert response.headers["content-type"].startswith(LEGACY)


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("text/html, application/json", False),
        ("text/html;q=0.5, application/json;q=0.4", True),
        ("*/*", False),
        ("", False),
        ("text/html;q=0", False),
    ],
)
def test_browser_that_opens_a_page_is_recognised(accept: str, is_page: bool) -> None:
    assert prefers_html(accept.encode()) is is_page
