"""The page: everything of the document on it, nothing that runs, and a policy that names its one style."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from rest_shim.dialects import DOCUMENTED, Dialect
from rest_shim.documentation import render_page
from rest_shim.errno import Errno
from rest_shim.openapi import make_document
from tests.backends import Backend
from tests.doors.harness import Harness, open_harness

pytestmark = pytest.mark.anyio

VOID = {"meta"}


class Outline(HTMLParser):
    """The elements of a page, checked to be closed in order, with ids, links and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name == "href" and value]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


async def fetch_page(harness: Harness) -> tuple[str, str]:
    """The page and its policy."""
    response = await harness.client().get("/api/docs")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return response.text, response.headers["content-security-policy"]


async def test_page_has_every_operation_with_its_fields_and_refusals(
    harness: Harness, dialect: Dialect
) -> None:
    page, _ = await fetch_page(harness)
    text = Outline(page).text
    document = make_document(dialect)

    for path, methods in document["paths"].items():
        assert path in text
        for operation in methods.values():
            assert operation["summary"] in text
            for parameter in operation["parameters"]:
                assert parameter["name"] in text
            for media in operation.get("requestBody", {}).get("content", {}).values():
                assert all(name in text for name in media["schema"]["properties"])
    assert all(errno.name in text and str(int(errno)) in text for errno in Errno)
    assert "接口不存在" in text


async def test_page_needs_no_script_and_no_inline_style(harness: Harness) -> None:
    page, policy = await fetch_page(harness)
    outline = Outline(page)

    assert not outline.names & {"script", "link", "img", "iframe", "form", "object"}
    assert not {name for name in outline.attributes if name == "style" or name.startswith("on")}
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


async def test_policy_names_the_hash_of_the_style_that_is_sent(harness: Harness) -> None:
    page, policy = await fetch_page(harness)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert len(style) == 1
    assert f"'sha256-{b64encode(sha256(style[0].encode()).digest()).decode()}'" in policy


async def test_links_on_the_page_lead_somewhere(harness: Harness) -> None:
    outline = Outline((await fetch_page(harness))[0])

    assert len(outline.ids) == len(set(outline.ids))
    for link in outline.links:
        if link.startswith("#"):
            assert link[1:] in outline.ids
        else:
            assert (await harness.client().get(f"/api/{link}")).status_code == 200


def test_texts_of_the_document_cannot_break_the_page() -> None:
    document = make_document(DOCUMENTED, server_url="https://a.example/'\"><script>")
    document["info"]["title"] = "<script>alert(1)</script>"
    document["paths"]["/api/login"]["post"]["description"] = "`<img src=x>` **<b onload=x>**"

    outline = Outline(render_page(document))

    assert not outline.names & {"script", "img"}
    assert "onload" not in outline.attributes


async def test_production_serves_the_document_and_no_page(
    backend: Backend, database_url: str, tmp_path: Path
) -> None:
    async with open_harness(
        backend,
        database_url,
        tmp_path,
        environment="production",
        public_url="https://accounts.example.com",
    ) as harness:
        page = await harness.client().get("/api/docs")
        document = (await harness.client().get("/api/openapi.json")).json()

    assert page.status_code == 404
    assert page.json() == {"errno": 4201, "errmsg": "接口不存在"}
    assert document["components"]["securitySchemes"]["cookie"]["name"] == "__Host-session"
    assert document["servers"] == [{"url": "https://accounts.example.com"}]
