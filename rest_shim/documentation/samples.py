"""A curl command for each operation, from the document's own examples."""

import json
from typing import Any
from urllib.parse import urlencode

Document = dict[str, Any]


def curl_sample(document: Document, method: str, path: str) -> str:
    """A command that can be pasted into a shell; it keeps the session in `cookies.txt`."""
    operation = document["paths"][path][method]
    server = document["servers"][0]["url"]
    base = "http://127.0.0.1:8000" if server == "/" else server
    words = [f"curl {_quoted(base + path + _query(operation))}", *_session_words(operation)]
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = json.dumps(content["application/json"]["example"], ensure_ascii=False)
        words.append(f"-d {_quoted(body)}")
    elif content:
        words.append("-F avatar=@picture.jpg")
    if "image/png" in operation["responses"]["200"]["content"]:
        words.append("-o captcha.png")
    return " \\\n  ".join(words)


def _query(operation: Document) -> str:
    """The parameters of the endpoint itself; those that stand in for a session are told, not shown."""
    if operation["security"]:
        return ""
    pairs = {one["name"]: one["example"] for one in operation["parameters"] if "example" in one}
    return f"?{urlencode(pairs)}" if pairs else ""


def _session_words(operation: Document) -> list[str]:
    words = ["-b cookies.txt"] if operation["security"] else []
    if "Set-Cookie" in operation["responses"]["200"]["headers"]:
        words.append("-c cookies.txt")
    return words


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
