"""The OpenAPI document of the shim, and a page to read it."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse

from rest_shim.dialects import Dialect


class RestDocumentation:
    """Tells what the shim does in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    async def openapi(self, request: Request) -> JSONResponse:
        """The document."""
        del request
        return JSONResponse({"openapi": "3.1.0"})

    async def page(self, request: Request) -> HTMLResponse:
        """The page."""
        del request
        return HTMLResponse("")
