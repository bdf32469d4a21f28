"""What else the gateway is asked: captchas, sign-ins, uploads."""

import io
import json
from collections.abc import Mapping
from typing import Any

from PIL import Image

from benchmarks.load import http_request
from benchmarks.seeding import PASSWORD, mobile, token, viewer
from benchmarks.servers import Server, Target, me_request

PICTURES = 4
# Accounts whose answers nobody else looks at.
_FIRST_WITH_AVATAR = 9_000
_JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
_BOUNDARY = "benchmark-boundary"
_CAPTCHA = "mutation { createCaptcha { captcha { id image expiresAt } errors { code } } }"
_LOGIN = (
    "mutation ($i: LoginInput!) { login(input: $i) { account { id } session { expiresAt } errors { code } } }"
)
_UPLOAD = (
    "mutation ($f: Upload!) { uploadAvatar(input: {image: $f}) { account { id } errors { code message } } }"
)


def address(number: int) -> tuple[str, str]:
    """The header by which the proxy that the load stands for names its client: limits are counted by address."""
    return "X-Forwarded-For", f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def me(server: Server, cookie: str) -> Target:
    """`me`, with the cookie's name that `server` goes by."""
    return Target("me", "`me`", server, lambda number: me_request(number, cookie))


def captcha(server: Server) -> Target:
    """A new captcha, each from another address."""

    def build(number: int) -> bytes:
        return _graphql(_CAPTCHA, {}, address(number))

    # Pictures differ in length.
    return Target("captcha", "`createCaptcha`", server, build, _read_captcha, lambda _: {"image": True}, 0.25)


def sign_in(server: Server) -> Target:
    """A sign-in with the right password, each from another address and for another account."""

    def build(number: int) -> bytes:
        return _graphql(_LOGIN, {"i": {"mobile": mobile(number), "password": PASSWORD}}, address(number))

    return Target("sign-in", "`login`", server, build, _read_login, _only_id)


def avatar(server: Server, cookie: str) -> Target:
    """An upload of a photograph of 12 megapixels; an account's next upload is another one."""
    pictures = [photograph(seed) for seed in range(PICTURES)]

    def build(number: int) -> bytes:
        body = _multipart(pictures[(number + number // PICTURES) % PICTURES])
        uploader = _FIRST_WITH_AVATAR + number % PICTURES
        headers = [
            ("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}"),
            ("Cookie", f"{cookie}={token(uploader)}"),
            ("Apollo-Require-Preflight", "1"),
        ]
        return http_request("POST", "/graphql", headers, body)

    def expected(number: int) -> Mapping[str, object]:
        return _only_id(_FIRST_WITH_AVATAR + number % PICTURES)

    return Target("avatar", "`uploadAvatar`", server, build, _read_upload, expected)


def photograph(seed: int, width: int = 4000, height: int = 3000) -> bytes:
    """A JPEG as a telephone makes it: large shapes, and some noise of the sensor."""
    small = Image.effect_noise((width // 40, height // 40), 90 + seed)
    shapes = small.resize((width, height), Image.Resampling.BICUBIC)
    noise = Image.effect_noise((width, height), 12)
    planes = [Image.blend(shapes, noise, 0.2), shapes, Image.blend(shapes, noise, 0.1)]
    out = io.BytesIO()
    Image.merge("RGB", planes).save(out, "JPEG", quality=85)
    return out.getvalue()


def _graphql(query: str, variables: Mapping[str, object], *more: tuple[str, str]) -> bytes:
    body = json.dumps({"query": query, "variables": variables}).encode()
    return http_request("POST", "/graphql", [*_JSON, *more], body)


def _multipart(picture: bytes) -> bytes:
    parts = {
        'name="operations"': json.dumps({"query": _UPLOAD, "variables": {"f": None}}).encode(),
        'name="map"': b'{"0": ["variables.f"]}',
        'name="0"; filename="photo.jpg"': picture,
    }
    lines = [
        f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n\r\n".encode() + body + b"\r\n"
        for name, body in parts.items()
    ]
    return b"".join(lines) + f"--{_BOUNDARY}--\r\n".encode()


def _read_captcha(answer: Any) -> Mapping[str, object]:
    return {"image": answer["data"]["createCaptcha"]["captcha"]["image"].startswith("data:image/png")}


def _read_login(answer: Any) -> Mapping[str, object]:
    return {"id": answer["data"]["login"]["account"]["id"]}


def _read_upload(answer: Any) -> Mapping[str, object]:
    return {"id": answer["data"]["uploadAvatar"]["account"]["id"]}


def _only_id(number: int) -> Mapping[str, object]:
    return {"id": viewer(number)["id"]}
