"""Starlette and SQLAlchemy, REST only: what the same answer costs without GraphQL."""

from accounts import avatar_url, find_viewer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def get_profile(request: Request) -> JSONResponse:
    row = await find_viewer(request.cookies.get("session"))
    if row is None:
        return JSONResponse({"error": "signed out"}, 401)
    return JSONResponse(
        {
            "id": str(row.id),
            "mobile": row.mobile,
            "name": row.name,
            "avatarUrl": avatar_url(row),
            "createdAt": row.created_at.isoformat(),
        }
    )


app = Starlette(routes=[Route("/profile", get_profile)])
