"""What is sent to a door: bytes, in the pieces in which they go out, and well-formed requests to begin from."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
BOUNDARY = b"boundary42"
MOBILE = b"18736008450"

Headers = Sequence[tuple[bytes, bytes]]

REST_READS = (
    b"/api/imagecode?codeid=7&pcodeid=",
    b"/api/check_login",
    b"/api/logout",
    b"/api/profile",
    b"/api/profile/auth",
)
REST_BODIES: dict[bytes, dict[str, object]] = {
    b"/api/smscode": {"mobile": MOBILE.decode(), "image_code_id": "7", "image_code_text": "ABCD"},
    b"/api/register": {
        "mobile": MOBILE.decode(),
        "image_code_text": "ABCD",
        "phonecode": "123456",
        "password": "123456789",
    },
    b"/api/login": {"mobile": MOBILE.decode(), "password": "123456789"},
    b"/api/profile/name": {"name": "小明"},
    b"/api/profile/auth": {"real_name": "张三", "id_card": "11010519491231002X"},
}
GRAPHQL_BODIES: tuple[dict[str, object], ...] = (
    {"query": "{me{id mobile name avatarUrl createdAt authInfo{realName idNumber submittedAt}}}"},
    {"query": "mutation{createCaptcha{captcha{id expiresAt} errors{code message field}}}"},
    {
        "query": "mutation M($i:UpdateNameInput!){updateName(input:$i){account{name} errors{code message field}}}",
        "variables": {"i": {"name": "小明"}},
        "operationName": "M",
    },
    {
        "query": "mutation($i:LoginInput!){login(input:$i){account{id} session{expiresAt token} errors{code}}}",
        "variables": {"i": {"mobile": MOBILE.decode(), "password": "123456789", "tokenDelivery": "BODY"}},
    },
    {
        "query": "mutation($i:SubmitAuthInput!){submitAuth(input:$i){authInfo{idNumber} errors{__typename code}}}",
        "variables": {"i": {"realName": "张三", "idNumber": "11010519491231002X"}},
    },
)
UPLOAD = {
    "query": "mutation($f:Upload!){uploadAvatar(input:{image:$f}){account{avatarUrl} errors{code message}}}",
    "variables": {"f": None},
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One connection's bytes. `must_answer`: this is HTTP, whatever it says, so silence is a defect."""

    family: str
    pieces: tuple[bytes, ...]
    must_answer: bool = False


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends it: an address of their own, so that no limit answers in the code's place, and maybe a session."""

    address: str
    token: str | None = None

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        headers = [(b"Host", b"gateway.test"), (b"X-Forwarded-For", self.address.encode())]
        if self.token is not None:
            headers.append((b"Cookie", b"session=" + self.token.encode()))
        return headers


def head(line: bytes, headers: Headers) -> bytes:
    """A request's head, as if its line and headers were right."""
    return b"\r\n".join([line, *(name + b": " + value for name, value in headers), b"", b""])


def request(
    visitor: Visitor, target: bytes, body: bytes | None = None, *headers: tuple[bytes, bytes]
) -> bytes:
    """A whole request after which the connection closes: GET, or POST where there is a body."""
    method = b"GET" if body is None else b"POST"
    all_headers = [*visitor.headers, (b"Connection", b"close"), *headers]
    if body is not None:
        all_headers.append((b"Content-Length", str(len(body)).encode()))
    return head(method + b" " + target + b" HTTP/1.1", all_headers) + (body or b"")


def json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def part(name: bytes, content: bytes, filename: bytes | None = None) -> bytes:
    """One part of a multipart body, its delimiter before it."""
    disposition = b'Content-Disposition: form-data; name="' + name + b'"'
    if filename is not None:
        disposition += b'; filename="' + filename + b'"\r\nContent-Type: image/png'
    return b"--" + BOUNDARY + b"\r\n" + disposition + b"\r\n\r\n" + content + b"\r\n"


def end_of_parts() -> bytes:
    return b"--" + BOUNDARY + b"--\r\n"


def avatar_upload() -> bytes:
    """The body of a proper upload at the REST door."""
    return part(b"avatar", PNG, b"a.png") + end_of_parts()


def graphql_upload() -> bytes:
    """The body of a proper upload at the GraphQL door."""
    operations, places = json_bytes(UPLOAD), json_bytes({"0": ["variables.f"]})
    return part(b"operations", operations) + part(b"map", places) + part(b"0", PNG, b"a.png") + end_of_parts()


def multipart_type(boundary: bytes = BOUNDARY) -> tuple[bytes, bytes]:
    return b"Content-Type", b"multipart/form-data; boundary=" + boundary


def any_request(rng: Random, visitor: Visitor) -> bytes:
    """A well-formed request to one of the endpoints of one of the doors."""
    kind = rng.randrange(5)
    if kind == 0:
        target = rng.choice(REST_READS)
        # The session is needed for the rest of the run.
        return request(Visitor(visitor.address) if target == b"/api/logout" else visitor, target)
    if kind == 1:
        target, fields = rng.choice(list(REST_BODIES.items()))
        return request(visitor, target, json_bytes(fields), (b"Content-Type", b"application/json"))
    if kind == 2:
        body = json_bytes(rng.choice(GRAPHQL_BODIES))
        return request(visitor, b"/graphql", body, (b"Content-Type", b"application/json"))
    if kind == 3:
        return request(visitor, b"/api/profile/avatar", avatar_upload(), multipart_type())
    return request(visitor, b"/graphql", graphql_upload(), multipart_type())
