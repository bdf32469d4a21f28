"""The page: the OpenAPI document laid out for reading. Everything on it comes out of the document."""

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from rest_shim.documentation.samples import curl_sample

Document = dict[str, Any]

STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")

_CODE = re.compile(r"`([^`]+)`")
_STRONG = re.compile(r"\*\*([^*]+)\*\*")


def render_page(document: Document) -> str:
    """The whole page as HTML."""
    info = document["info"]
    operations = list(_operations(document))
    parts = (
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])}</title><style>{STYLE}</style></head><body>",
        _render_navigation(info, operations),
        f"<main><header><h1>{escape(info['title'])}</h1>",
        f'<p class="lead">{escape(info["summary"])} Version {escape(info["version"])}. ',
        'As data: <a href="openapi.json">openapi.json</a>.</p></header>',
        f'<section id="rules">{_prose(info["description"])}</section>',
        *(_render_operation(document, *operation) for operation in operations),
        _render_outside(document),
        _render_errnos(document["components"]["schemas"]["Errno"]),
        "</main></body></html>",
    )
    return "\n".join(parts)


def _operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _render_navigation(info: Document, operations: Iterable[tuple[str, str, Document]]) -> str:
    entries = "".join(
        f'<li><a href="#{escape(operation["operationId"])}">{_badge(method)}'
        f"<span>{escape(operation['summary'])}</span></a></li>"
        for method, _, operation in operations
    )
    return (
        f'<nav aria-label="Endpoints"><p class="brand">account-gateway<small>REST shim {escape(info["version"])}'
        f'</small></p><ol><li><a href="#rules"><span>What holds for all</span></a></li>{entries}'
        '<li><a href="#outside"><span>Other statuses</span></a></li>'
        '<li><a href="#errno"><span>errno table</span></a></li></ol></nav>'
    )


def _render_operation(document: Document, method: str, path: str, operation: Document) -> str:
    return "".join(
        (
            f'<section id="{escape(operation["operationId"])}"><h2>{_badge(method)}<code>{escape(path)}</code>',
            f"<span>{escape(operation['summary'])}</span></h2>{_prose(operation['description'])}",
            _render_security(operation),
            _render_fields("Query", _parameter_rows(operation)),
            *(_render_body(media_types) for media_types in _bodies(operation)),
            _render_answer(operation["responses"]["200"]),
            f"<h3>Try it</h3><pre><code>{escape(curl_sample(document, method, path))}</code></pre></section>",
        )
    )


def _render_security(operation: Document) -> str:
    return '<p class="note">Takes the session: cookie or bearer token.</p>' if operation["security"] else ""


def _parameter_rows(operation: Document) -> list[tuple[str, Document, bool]]:
    return [
        (
            parameter["name"],
            {**parameter["schema"], "description": parameter["description"]},
            parameter["required"],
        )
        for parameter in operation["parameters"]
    ]


def _bodies(operation: Document) -> list[Document]:
    return [operation["requestBody"]["content"]] if "requestBody" in operation else []


def _render_body(media_types: Document) -> str:
    schema = next(iter(media_types.values()))["schema"]
    required = {
        name for alternative in schema.get("allOf", ()) for name in alternative["anyOf"][0]["required"]
    }
    required.update(schema.get("required", ()))
    rows = [(name, part, name in required) for name, part in schema["properties"].items()]
    return _render_fields(f"Body: {' or '.join(media_types)}", rows)


def _render_fields(title: str, rows: list[tuple[str, Document, bool]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><th scope=row><code>{escape(name)}</code>{'' if is_required else '<small>optional</small>'}</th>"
        f"<td>{_type(schema)}</td><td>{_inline(schema.get('description', ''))}</td></tr>"
        for name, schema, is_required in rows
    )
    return f"<h3>{escape(title)}</h3><table>{lines}</table>"


def _render_answer(answer: Document) -> str:
    schema = answer["content"]["application/json"]["schema"]
    success, refusal = schema.get("oneOf", (None, schema))
    cookie = answer["headers"].get("Set-Cookie")
    parts = [f"<h3>Answer</h3>{_prose(answer['description'])}"]
    if cookie:
        parts.append(f'<p class="note"><code>Set-Cookie</code>: {_inline(cookie["description"])}</p>')
    if success:
        example = answer["content"]["application/json"]["examples"]["success"]["value"]
        parts.append(f"<pre><code>{escape(json.dumps(example, ensure_ascii=False, indent=2))}</code></pre>")
        data = success["properties"].get("data", {})
        parts.append(
            _render_fields("data", [(name, part, True) for name, part in data.get("properties", {}).items()])
        )
    return "".join(parts) + _render_reasons("Refusals", refusal["properties"]["errno"])


def _render_outside(document: Document) -> str:
    entries = "".join(
        f"<tr><td>{_inline(response['description'])}</td><td><code>"
        f"{escape(json.dumps(_constants(response), ensure_ascii=False))}</code></td></tr>"
        for response in document["components"]["responses"].values()
    )
    return f'<section id="outside"><h2>Other statuses</h2><table>{entries}</table></section>'


def _constants(response: Document) -> Document:
    schema = response["content"]["application/json"]["schema"]
    return {name: part["const"] for name, part in schema["properties"].items()}


def _render_errnos(schema: Document) -> str:
    return f'<section id="errno"><h2>errno table</h2>{_render_reasons("", schema)}</section>'


def _render_reasons(title: str, schema: Document) -> str:
    lines = "".join(
        f"<tr><th scope=row><code>{number}</code><small>{escape(name)}</small></th><td>{_inline(reason)}</td></tr>"
        for number, name, reason in zip(
            schema["enum"], schema["x-enum-varnames"], schema["x-enum-descriptions"], strict=True
        )
    )
    return (f"<h3>{title}</h3>" if title else "") + f"<table>{lines}</table>"


def _badge(method: str) -> str:
    return f'<b class="method {escape(method)}">{escape(method.upper())}</b>'


def _type(schema: Document) -> str:
    kind = schema.get("type", "file")
    return escape(" or ".join(kind) if isinstance(kind, list) else kind)


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _inline(text: str) -> str:
    """The two marks that our descriptions use; all else is escaped."""
    return _STRONG.sub(r"<strong>\1</strong>", _CODE.sub(r"<code>\1</code>", escape(text)))
