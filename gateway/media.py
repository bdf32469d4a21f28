"""What is served beside the two doors: pictures by their content hash, and captchas as sound."""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from resolvers.avatars import read_avatar
from resolvers.captchas import find_captcha_audio
from resolvers.context import Context
from resolvers.errors import AccountError, ErrorCode, RateLimitedError

_FAVICON = Path(__file__).with_name("favicon.ico")
_KEY_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IMMUTABLE = "public, max-age=31536000, immutable"
_SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
_RANGE_FORM = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


async def get_favicon(request: Request) -> Response:
    """The icon that browsers ask for beside whatever they show."""
    del request
    return FileResponse(
        _FAVICON, media_type="image/x-icon", headers={"cache-control": "public, max-age=86400"}
    )


async def get_avatar(request: Request) -> Response:
    """A picture; its bytes never change, so it may be kept for ever."""
    ctx: Context = request.state.context
    key = request.path_params["key"]
    try:
        picture = await read_avatar(ctx, key=key) if _KEY_FORM.fullmatch(key) else None
    except AccountError as error:
        return _refusal(error)
    if picture is None:
        return Response(status_code=404)
    headers = {
        "cache-control": _IMMUTABLE,
        "content-security-policy": _SANDBOX,
        "cross-origin-resource-policy": "cross-origin",
        "etag": f'"{key}"',
        "accept-ranges": "bytes",
    }
    if _is_known(request.headers.get("if-none-match", ""), headers["etag"]):
        return Response(status_code=304, headers=headers)
    return _partial(request, picture, headers, "image/webp") or Response(
        picture, media_type="image/webp", headers=headers
    )


async def get_captcha_audio(request: Request) -> Response:
    """A captcha's text, spoken; listening spends nothing. Players ask for ranges, some for two bytes first."""
    ctx: Context = request.state.context
    try:
        sound = await find_captcha_audio(ctx, captcha_id=request.path_params["captcha_id"])
    except AccountError as error:
        return _refusal(error)
    if sound is None:
        return Response(status_code=404)
    headers = {"accept-ranges": "bytes"}
    return _partial(request, sound, headers, "audio/wav") or Response(
        sound, media_type="audio/wav", headers=headers
    )


def _is_known(none_match: str, etag: str) -> bool:
    """Whether the client has the picture (RFC 9110, 13.1.2): caches on the way may have made the tag a weak one."""
    tags = [tag.strip().removeprefix("W/") for tag in none_match.split(",")]
    return etag in tags or tags == ["*"]


def _partial(request: Request, body: bytes, headers: dict[str, str], media_type: str) -> Response | None:
    """One range of bytes (RFC 9110, 14); None for no range, or for forms that may be ignored."""
    match = _RANGE_FORM.fullmatch(request.headers.get("range", ""))
    if match is None or match.group(1) == match.group(2) == "" or "if-range" in request.headers:
        return None
    first, last = match.groups()
    size = len(body)
    start = int(first) if first else max(size - int(last), 0)
    end = min(int(last) if first and last else size - 1, size - 1)
    if first and last and int(first) > int(last):
        return None
    if start >= size:
        return Response(status_code=416, headers={"content-range": f"bytes */{size}"})
    part = {**headers, "content-range": f"bytes {start}-{end}/{size}"}
    return Response(body[start : end + 1], status_code=206, media_type=media_type, headers=part)


def _refusal(error: AccountError) -> Response:
    if isinstance(error, RateLimitedError):
        return Response(status_code=429, headers={"retry-after": str(error.retry_after_seconds)})
    is_unavailable = error.code in {ErrorCode.SERVICE_UNAVAILABLE, ErrorCode.STORAGE_FAILED}
    return Response(status_code=503 if is_unavailable else 500)
