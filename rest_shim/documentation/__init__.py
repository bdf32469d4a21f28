"""What the gateway serves about the shim: the OpenAPI document, and a page to read it."""

from base64 import b64encode
from hashlib import sha256

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from rest_shim.dialects import Dialect
from rest_shim.documentation.page import STYLE, render_page
from rest_shim.openapi import Deployment, make_document

_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Kept, but asked for again each time: it changes with the installation's version and dialect.
_REVALIDATED = {"cache-control": "no-cache"}


class RestDocumentation:
    """Tells what the shim does in one dialect, at one installation."""

    def __init__(self, dialect: Dialect, deployment: Deployment | None = None) -> None:
        document = make_document(dialect, deployment or Deployment())
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
