"""What the gateway serves about the shim: the OpenAPI document, and a plain page to read it."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rest_shim.openapi import Schema

STYLE = (Path(__file__).parent / "documentation.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
# Kept, but asked for again each time: it changes with the installation's version and dialect.
_REVALIDATED = {"cache-control": "no-cache"}
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class RestDocumentation:
    """Tells what the shim does in one dialect, at one installation: as its document says."""

    def __init__(self, document: Schema) -> None:
        self._document = msgspec.json.encode(document)
        self._page = render_page(document)

    async def openapi(self, request: Request) -> Response:
        """The document."""
        del request
        return Response(self._document, media_type="application/json", headers=_REVALIDATED)

    async def page(self, request: Request) -> Response:
        """The page: no script, and no style but the one whose hash the policy names."""
        del request
        headers = {**_REVALIDATED, "content-security-policy": _POLICY}
        return Response(self._page, media_type="text/html", headers=headers)


def render_page(document: Schema) -> str:
    """The whole page as HTML. Everything on it comes out of the document."""
    info, components = document["info"], document["components"]
    title, paragraphs = escape(info["title"]), info["description"].split("\n\n")
    operations = (
        _render_operation(f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    outside = {response["description"]: _text_of(response) for response in components["responses"].values()}
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
        f'</head><body><main><h1>{title}</h1><p>As data: <a href="openapi.json">openapi.json</a>.</p>'
        f"{''.join(f'<p>{_inline(paragraph)}</p>' for paragraph in paragraphs)}{''.join(operations)}"
        f"<h2>Other statuses</h2>{_table(outside)}"
        f"<h2>errno table</h2>{_table(_reasons_of(components['schemas']['Errno']))}</main></body></html>"
    )


def _render_operation(title: str, operation: Schema) -> str:
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    refusal = schema.get("oneOf", [schema])[-1]
    text = f"{operation['summary']}. {operation['description']}"
    return (
        f"<h2><code>{escape(title)}</code></h2><p>{_inline(text)}</p>"
        f"{_table(dict(_fields_of(operation)))}{_table(_reasons_of(refusal['properties']['errno']))}"
    )


def _fields_of(operation: Schema) -> Iterator[tuple[str, str]]:
    for parameter in operation["parameters"]:
        yield parameter["name"], parameter["description"]
    for media in operation.get("requestBody", {}).get("content", {}).values():
        for name, schema in media["schema"]["properties"].items():
            yield name, schema["description"]


def _text_of(response: Schema) -> str:
    properties = response["content"]["application/json"]["schema"]["properties"]
    return f"{properties['errno']['const']} {properties['errmsg']['const']}"


def _reasons_of(errnos: Schema) -> dict[str, str]:
    names = zip(errnos["enum"], errnos["x-enum-varnames"], strict=True)
    return {f"{n} {name}": why for (n, name), why in zip(names, errnos["x-enum-descriptions"], strict=True)}


def _table(rows: Mapping[str, str]) -> str:
    lines = (f"<tr><th scope=row>{_inline(k)}</th><td>{_inline(v)}</td></tr>" for k, v in rows.items())
    return f"<table>{''.join(lines)}</table>"


def _inline(text: str) -> str:
    """The two marks that our descriptions use; all else is escaped."""
    code = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", code)
