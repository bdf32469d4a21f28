"""Requests that break HTTP itself: request lines, headers, framing, and well-formed requests with damaged bytes."""

from random import Random

from tests.fuzz.attempts import Attempt, Visitor, any_request, head, json_bytes, request

_METHODS = (
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"TRACE",
    b"CONNECT",
    b"PROPFIND",
)
_BAD_METHODS = (b"get", b"", b"G\x00T", b"GET\t", b"POST" * 500, b"\xff\xfe", b"PRI", b"SOURCE", b"M-SEARCH")
_TARGETS = (
    b"/api/profile",
    b"/graphql",
    b"/graphql?query={me{id}}",
    b"*",
    b"http://gateway.test/api/profile",
    b"http://[::1/api",
    b"gateway.test:443",
    b"//api//profile",
    b"/api/../graphql",
    b"/api/%2e%2e/graphql",
    b"/api/profile%00",
    b"/api/%ff%fe%ed%a0%80",
    b"/%zz%",
    b"/api/profile#x",
    b"/api/profile;x=1",
    b"/\xe5\xb0\x8f",
    b"",
    b"api",
    b"\\api\\profile",
    b"/captchas/%00.wav",
    b"/captchas/" + b"a" * 5000 + b".wav",
    b"/captchas/%2e%2e%2f%2e%2e%2fetc%2fpasswd.wav",
    b"/captchas/%ed%a0%80.wav",
    b"/avatars/" + b"0" * 64 + b".webp",
    b"/avatars/..%2f..%2fgateway.db.webp",
    b"/avatars/%00.webp",
    b"/graphql/static/%2e%2e/%2e%2e/page.py",
    b"/graphql/%00",
    b"/graphql/" + b"a" * 3000,
    b"/api/docs",
    b"/api/openapi.json",
    b"/metrics",
    b"/healthz",
    b"/" + b"a" * 17_000,
)
_QUERIES = (
    b"?codeid=%00&pcodeid=%ff",
    b"?codeid=" + b"9" * 5000,
    b"?&&==&=&a",
    b"?" + b"a=1&" * 2000,
    b"?mobile=%ED%A0%80&password=%80",
    b"?query=%7Bme%7Bid%7D%7D&variables=%5B",
    b"?query=&extensions=%7B%22persistedQuery%22%3A1%7D",
    b"?query=%7Bme%7Bid%7D%7D&variables=%7B%22a%22%3A1e999%7D",
    b"?\xff=\x80",
    b"?query={me{id}}&operationName=%00",
    b"??#?",
)
_VERSIONS = (
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"HTTP/2.0",
    b"HTTP/1.9",
    b"http/1.1",
    b"HTTP/",
    b"",
    b"RTSP/1.0",
)

# The headers that the code reads.
_READ_HEADERS = (
    b"Accept",
    b"Accept-Language",
    b"Authorization",
    b"Content-Type",
    b"Content-Encoding",
    b"Cookie",
    b"Host",
    b"If-None-Match",
    b"If-Range",
    b"Origin",
    b"Range",
    b"Sec-Fetch-Site",
    b"Access-Control-Request-Method",
    b"User-Agent",
    b"X-Forwarded-For",
    b"X-Request-ID",
    b"Expect",
    b"Upgrade",
    b"Connection",
    b"Content-Length",
    b"Transfer-Encoding",
    b"TE",
)
_VALUES = (
    b"",
    b" ",
    b"\xff\xfe\x80",
    b"\xe5\xb0\x8f\xe6\x98\x8e",
    b"a" * 15_000,
    b"," * 5000,
    b";" * 5000,
    b"a,b;q=nan",
    b"*/*;q=inf, application/json;q=-1",
    b"text/html;q=1e999",
    b"application/json; charset=utf-16",
    b"multipart/form-data; boundary=",
    b"-1",
    b"+5",
    b"5, 5",
    b"0x10",
    b"9" * 40,
    b"99999999999999999999",
    b"chunked",
    b"chunked, chunked",
    b"identity",
    b"gzip, chunked",
    b"xchunked",
    b"100-continue",
    b"200-maybe",
    b"websocket",
    b"h2c",
    b"upgrade",
    b"close, keep-alive",
    b"Bearer ",
    b"Bearer \x80\xff",
    b"Basic eDp5",
    b"session=",
    b"session=" + b"A" * 43,
    b"session=%00; session=\xff",
    b'"; DROP',
    b"bytes=0-0,1-1",
    b"bytes=-99999999999999999",
    b"bytes=5-1",
    b"null",
    b"http://[",
    b"http://[::1",
    b"https://gateway.test:99999",
    b"::1",
    b"[::1]:80",
    b"fe80::1%eth0",
    b"1.2.3.4:80, \xb2.\xb2.\xb2.\xb2",
    b"cross-site",
    b"zh-CN;q=nan, en",
)
_CHUNKED = (
    b"0\r\n\r\n",
    b"2\r\n{}\r\n0\r\n\r\n",
    b"2;ext=1\r\n{}\r\n0\r\n\r\n",
    b"2;" + b"e" * 8000 + b"\r\n{}\r\n0\r\n\r\n",
    b"000000000000002\r\n{}\r\n0\r\n\r\n",
    b"2\n{}\n0\n\n",
    b"2\r\n{}0\r\n\r\n",
    b"3\r\n{}\r\n0\r\n\r\n",
    b"-2\r\n{}\r\n0\r\n\r\n",
    b"0x2\r\n{}\r\n0\r\n\r\n",
    b"zz\r\n{}\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    b"10000000000000000\r\n{}\r\n0\r\n\r\n",
    b" 2\r\n{}\r\n0\r\n\r\n",
    b"\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}\r\n",
    b"2\r\n{}\r\n0\r\nCookie: session=x\r\nContent-Length: 9\r\n\r\n",
    b"2\r\n{}\r\n0\r\n\x00: \x00\r\n\r\n",
    b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\nGET /api/profile HTTP/1.1\r\n\r\n",
)


def request_line(rng: Random, visitor: Visitor) -> Attempt:
    """A line that is odd in one, two or three of its words."""
    method = rng.choice(_METHODS if rng.random() < 0.7 else _BAD_METHODS)
    target = rng.choice(_TARGETS)
    if rng.random() < 0.4:
        target = rng.choice((b"/api/imagecode", b"/api/profile", b"/graphql")) + rng.choice(_QUERIES)
    version = b"HTTP/1.1" if rng.random() < 0.7 else rng.choice(_VERSIONS)
    separator = b" " if rng.random() < 0.9 else rng.choice((b"  ", b"\t", b"", b"\x00", b"\r\n"))
    line = separator.join((method, target, version))
    return Attempt("request line", (head(line, [*visitor.headers, (b"Connection", b"close")]),))


def header_value(rng: Random, visitor: Visitor) -> Attempt:
    """A well-formed request with headers more, of the names that are read, with values of all kinds."""
    whole = any_request(rng, visitor)
    line, _, rest = whole.partition(b"\r\n")
    added = b"".join(
        rng.choice(_READ_HEADERS) + b": " + rng.choice(_VALUES) + b"\r\n" for _ in range(rng.randint(1, 3))
    )
    return Attempt("header value", (line + b"\r\n" + added + rest,))


def header_form(rng: Random, visitor: Visitor) -> Attempt:
    """Header lines that are none, too many of them, no host or two."""
    line = b"GET /api/check_login HTTP/1.1"
    odd = rng.choice(
        (
            b"X: 1\r\n folded",
            b"X : 1",
            b": 1",
            b"X",
            b"X\x00: 1",
            b"X: \x00",
            b"X: a\rb",
            b"X: a\nHost: b",
            b"\xe5\xb0\x8f: 1",
            b"X: " + b"a" * 20_000,
            b"a" * 20_000 + b": 1",
            b"\r\n".join(b"X-%d: 1" % number for number in range(rng.choice((100, 500, 3000)))),
            b"Host: other.test",
            b"Host: a b",
            b"Cookie: " + b"; ".join(b"session=%d" % number for number in range(500)),
            b"\r\n".join([b"Cookie: a=b"] * 500),
            b"\r\n".join([b"X-Forwarded-For: 1.2.3.4"] * 500),
        )
    )
    headers = visitor.headers[rng.randint(0, 1) :]
    start, end = head(line, headers)[:-2], b"\r\nConnection: close\r\n\r\n"
    return Attempt("header form", (start + odd + end,))


def chunking(rng: Random, visitor: Visitor) -> Attempt:
    """Chunked bodies, right and wrong, in one piece or byte by byte."""
    target, kind = rng.choice(
        (
            (b"/graphql", b"application/json"),
            (b"/api/login", b"application/json"),
            (b"/api/profile/avatar", b"a/b"),
        )
    )
    framing = [(b"Transfer-Encoding", rng.choice((b"chunked", b"Chunked", b" chunked ", b"chunked;q=1")))]
    if rng.random() < 0.2:
        framing.insert(rng.randint(0, 1), (b"Content-Length", rng.choice((b"2", b"0", b"100"))))
    headers = [*visitor.headers, (b"Connection", b"close"), (b"Content-Type", kind), *framing]
    start = head(b"POST " + target + b" HTTP/1.1", headers)
    body = rng.choice(_CHUNKED)
    return Attempt("chunking", (start, *(bytes([byte]) for byte in body[:40]), body[40:]))


def damaged(rng: Random, visitor: Visitor) -> Attempt:
    """A well-formed request, and then a few bytes of it changed, lost, doubled or put in."""
    data = bytearray(any_request(rng, visitor))
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data))
        change = rng.randrange(4)
        if change == 0:
            data[place] = rng.randrange(256)
        elif change == 1:
            del data[place : place + rng.randint(1, 20)]
        elif change == 2:
            data[place:place] = data[place : place + rng.randint(1, 200)]
        else:
            data[place:place] = rng.choice(
                (b"\x00", b"\r\n", b"\n", b"\r\n\r\n", b"\xff", b"%", b'"', b"{" * 99, b"--")
            )
        if not data:
            break
    return Attempt("damaged bytes", split(rng, bytes(data)))


def pipelined(rng: Random, visitor: Visitor) -> Attempt:
    """Several requests at once on one connection, the last of which closes it."""
    first = b"".join(
        any_request(rng, visitor).replace(b"Connection: close\r\n", b"", 1) for _ in range(rng.randint(1, 6))
    )
    return Attempt("pipelined", split(rng, first + any_request(rng, visitor)), must_answer=True)


def unfinished(rng: Random, visitor: Visitor) -> Attempt:
    """A request that ends early, as when a client goes away."""
    whole = any_request(rng, visitor)
    return Attempt("unfinished", (whole[: rng.randrange(1, len(whole))],))


def trickling(rng: Random, visitor: Visitor) -> Attempt:
    """A well-formed request in many small pieces."""
    fields = {"mobile": "18736008450", "password": "x" * rng.randrange(200)}
    whole = request(visitor, b"/api/login", json_bytes(fields))
    size = rng.randint(1, 40)
    pieces = tuple(whole[place : place + size] for place in range(0, len(whole), size))
    return Attempt("trickling", pieces, must_answer=True)


def split(rng: Random, data: bytes) -> tuple[bytes, ...]:
    """`data` in one to four pieces."""
    places = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(4)))
    ends = [*places, len(data)]
    return tuple(data[start:end] for start, end in zip([0, *places], ends, strict=True) if end > start)


FAMILIES = (
    request_line,
    header_value,
    header_form,
    chunking,
    damaged,
    damaged,
    pipelined,
    unfinished,
    trickling,
)
