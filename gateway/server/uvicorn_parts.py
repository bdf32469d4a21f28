"""What of uvicorn's inside is built upon, named in this one place; pyproject.toml bounds its version for it."""

from uvicorn._types import ASGI3Application, ASGIReceiveEvent, ASGIVersions, HTTPScope
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, service_unavailable
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

__all__ = [
    "HIGH_WATER_LIMIT",
    "STATUS_LINE",
    "ASGI3Application",
    "ASGIReceiveEvent",
    "ASGIVersions",
    "HTTPScope",
    "HttpToolsProtocol",
    "RequestResponseCycle",
    "service_unavailable",
]
