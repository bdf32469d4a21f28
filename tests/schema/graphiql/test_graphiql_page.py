import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from schema.graphiql import GraphiQLPage, is_built
from schema.graphiql.encodings import choose_encoding
from schema.graphiql.page import OUTBOX_ENTRIES_SHOWN, OutboxReader

INDEX = (
    '<!doctype html><div id="graphiql" data-outbox="off"></div><script src="graphql/assets/a-1.js"></script>'
)
SMS: dict[str, object] = {
    "kind": "sms",
    "mobile": "+8618736008450",
    "purpose": "register",
    "code": "123456",
    "text": "123456",
    "at": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def static_directory(tmp_path: Path) -> Path:
    static_directory = tmp_path / "static"
    (static_directory / "assets").mkdir(parents=True)
    (static_directory / "index.html").write_text(INDEX)
    (static_directory / "assets" / "a-1.js").write_text("export {}")
    (static_directory / "assets" / "a-1.woff2").write_bytes(b"wOF2")
    (static_directory / "assets" / "a-1.txt").write_text("of no known type")
    (static_directory / "secret.js").write_text("outside the assets")
    (tmp_path / "secret.js").write_text("outside the build")
    return static_directory


def client(static_directory: Path, read_outbox: OutboxReader | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(GraphiQLPage(static_directory, read_outbox))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_page_is_served_and_asked_for_again_each_time(static_directory: Path) -> None:
    async with client(static_directory) as browser:
        page = await browser.get("/graphql")
    assert page.status_code == 200
    assert page.text == INDEX
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Vary"] == "Accept"


async def test_page_that_has_not_changed_is_not_sent_again(static_directory: Path) -> None:
    async with client(static_directory) as browser:
        etag = (await browser.get("/graphql")).headers["ETag"]
        again = await browser.get("/graphql", headers={"If-None-Match": f'"other", W/{etag}'})
        (static_directory / "index.html").write_text(INDEX + "<!-- a newer build -->")
        newer = await browser.get("/graphql", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    assert "Content-Security-Policy" in again.headers
    assert newer.status_code == 200


async def test_asset_is_kept_for_ever(static_directory: Path) -> None:
    async with client(static_directory) as browser:
        script = await browser.get("/graphql/assets/a-1.js")
        font = await browser.get("/graphql/assets/a-1.woff2")
    assert script.text == "export {}"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert font.headers["Content-Type"] == "font/woff2"
    assert (
        script.headers["Cache-Control"]
        == font.headers["Cache-Control"]
        == "public, max-age=31536000, immutable"
    )


@pytest.mark.parametrize(
    ("accepted", "coding", "etag"),
    [
        ("gzip, deflate, br, zstd", "br", '"a-1.js.br"'),
        ("gzip", "gzip", '"a-1.js.gz"'),
        ("br;q=0, gzip", "gzip", '"a-1.js.gz"'),
        ("deflate", None, '"a-1.js"'),
        ("", None, '"a-1.js"'),
    ],
)
async def test_asset_is_sent_as_the_build_has_compressed_it(
    static_directory: Path, accepted: str, coding: str | None, etag: str
) -> None:
    compressed = {"gzip": gzip.compress(b"export {}"), "br": b"\x0b\x04\x80export {}\x03"}
    (static_directory / "assets" / "a-1.js.gz").write_bytes(compressed["gzip"])
    (static_directory / "assets" / "a-1.js.br").write_bytes(compressed["br"])
    async with (
        client(static_directory) as browser,
        browser.stream("GET", "/graphql/assets/a-1.js", headers={"Accept-Encoding": accepted}) as script,
    ):
        sent = b"".join([part async for part in script.aiter_raw()])
        again = await browser.get(
            "/graphql/assets/a-1.js", headers={"Accept-Encoding": accepted, "If-None-Match": etag}
        )

    assert sent == (compressed[coding] if coding else b"export {}")
    assert script.headers.get("Content-Encoding") == coding
    assert script.headers["Content-Length"] == str(len(sent))
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert (script.headers["Vary"], script.headers["ETag"]) == ("Accept-Encoding", etag)
    assert (again.status_code, again.headers["ETag"]) == (304, etag)


async def test_asset_that_is_not_compressed_is_sent_as_it_is(static_directory: Path) -> None:
    async with client(static_directory) as browser:
        font = await browser.get("/graphql/assets/a-1.woff2", headers={"Accept-Encoding": "br, gzip"})

    assert "Content-Encoding" not in font.headers
    assert "Vary" not in font.headers


@pytest.mark.parametrize(
    ("accepted", "available", "coding"),
    [
        ("br, gzip", ["br", "gzip"], "br"),
        ("br, gzip", ["gzip"], "gzip"),
        ("gzip;q=1.0, br;q=0.9", ["br", "gzip"], "gzip"),
        ("*", ["br", "gzip"], "br"),
        ("*;q=0.5, br;q=0", ["br", "gzip"], "gzip"),
        ("GZIP", ["br", "gzip"], "gzip"),
        ("x-gzip", ["br", "gzip"], "gzip"),
        ("identity", ["br"], None),
        ("identity, br;q=0.5", ["br"], None),
        ("br;q=2", ["br"], None),
        ("br;q=0", ["br"], None),
        ("*;q=0", ["br"], None),
        ("brotli", ["br"], None),
        ("br", [], None),
    ],
)
def test_coding_is_what_the_browser_takes(accepted: str, available: list[str], coding: str | None) -> None:
    assert choose_encoding(accepted, available) == coding


@pytest.mark.parametrize(
    "path",
    [
        "/graphql/assets/",
        "/graphql/assets",
        "/graphql/assets/%2e%2e",
        "/graphql/assets/%2e%2e/secret.js",
        "/graphql/assets/..%2fsecret.js",
        "/graphql/assets/..%2f..%2fsecret.js",
        "/graphql/assets/..%5csecret.js",
        "/graphql/assets/%2fetc%2fpasswd",
        "/graphql/assets/a-1.js%00.js",
        "/graphql/assets/a-1.js%0a",
        "/graphql/assets/.gitignore",
        "/graphql/assets/a-1.txt",
        "/graphql/assets/a-1.js.br",
        "/graphql/assets/absent.js",
        "/graphql/assets/" + "a" * 300 + ".js",
        "/graphql/index.html",
        "/graphql/secret.js",
        "/graphql/elsewhere",
    ],
)
async def test_nothing_but_assets_is_found_among_the_assets(static_directory: Path, path: str) -> None:
    async with client(static_directory) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 404
    assert "outside" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/graphql", "/graphql/", "/graphql/assets/a-1.js", "/graphql/assets/absent.js", "/graphql/outbox"],
)
async def test_every_answer_carries_the_strict_policy(static_directory: Path, path: str) -> None:
    async with client(static_directory, list) as browser:
        headers = (await browser.get(path)).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["worker-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert not any("unsafe" in sources or "http" in sources for sources in policy.values())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/graphql", "/graphql/assets/a-1.js", "/graphql/outbox"])
async def test_only_reading_is_allowed(static_directory: Path, path: str) -> None:
    async with client(static_directory, list) as browser:
        posted = await browser.post(path)
        headed = await browser.head(path)
    assert posted.status_code == 405
    assert posted.headers["Allow"] == "GET, HEAD"
    assert headed.status_code == 200


async def test_missing_build_says_how_to_build(tmp_path: Path) -> None:
    async with client(tmp_path / "static") as browser:
        page = await browser.get("/graphql")
        asset = await browser.get("/graphql/assets/a-1.js")
    assert page.status_code == 503
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "make graphiql" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert asset.status_code == 404


async def test_build_made_while_running_is_served(static_directory: Path) -> None:
    index = static_directory / "index.html"
    index.unlink()
    async with client(static_directory) as browser:
        before = await browser.get("/graphql")
        index.write_text(INDEX)
        after = await browser.get("/graphql")
    assert (before.status_code, after.status_code) == (503, 200)


def test_is_built_tells_whether_the_page_is_there(static_directory: Path, tmp_path: Path) -> None:
    assert is_built(static_directory)
    assert not is_built(tmp_path)


async def test_outbox_is_shown_newest_last_and_never_kept(static_directory: Path) -> None:
    entries: list[dict[str, object]] = [{"kind": "captcha", "id": str(n), "text": "ABCD"} for n in range(500)]
    async with client(static_directory, lambda: [*entries, SMS]) as browser:
        page = await browser.get("/graphql")
        outbox = await browser.get("/graphql/outbox")
    assert 'data-outbox="on"' in page.text
    assert len(outbox.json()) == OUTBOX_ENTRIES_SHOWN
    assert outbox.json()[-1] == SMS
    assert outbox.headers["Cache-Control"] == "no-store"


async def test_outbox_is_unknown_where_there_is_none(static_directory: Path) -> None:
    async with client(static_directory, None) as browser:
        page = await browser.get("/graphql")
        outbox = await browser.get("/graphql/outbox")
    assert 'data-outbox="off"' in page.text
    assert outbox.status_code == 404


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_outbox_is_refused_to_other_sites(static_directory: Path, site: str) -> None:
    async with client(static_directory, lambda: [SMS]) as browser:
        outbox = await browser.get("/graphql/outbox", headers={"Sec-Fetch-Site": site})
    assert outbox.status_code == 403
    assert "123456" not in outbox.text
    assert "Sec-Fetch-Site" in outbox.text


async def test_a_question_to_the_path_with_a_slash_is_to_be_asked_again_without(
    static_directory: Path,
) -> None:
    async with client(static_directory) as browser:
        answer = await browser.post("/graphql/", json={"query": "{ me { id } }"})

    assert (answer.status_code, answer.headers["location"]) == (308, "../graphql")


async def test_slash_at_the_end_leads_to_the_page(static_directory: Path) -> None:
    async with client(static_directory) as browser:
        page = await browser.get("/graphql/", follow_redirects=True)
    assert page.url.path == "/graphql"
    assert page.text == INDEX


async def test_page_works_mounted_and_behind_a_prefix(static_directory: Path) -> None:
    app = Starlette(routes=[Mount("/graphql", GraphiQLPage(static_directory, list))])
    prefixed = httpx.ASGITransport(GraphiQLPage(static_directory, None), root_path="/accounts")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as browser:
        mounted = [await browser.get(path) for path in ("/graphql/assets/a-1.js", "/graphql/outbox")]
    async with httpx.AsyncClient(transport=prefixed, base_url="http://localhost") as browser:
        behind = [
            await browser.get(path) for path in ("/accounts/graphql", "/accounts/graphql/assets/a-1.js")
        ]
    assert [answer.status_code for answer in mounted + behind] == [200] * 4
