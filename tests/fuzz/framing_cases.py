"""What is sent over one connection to try a server's framing: requests good and bad, and bytes changed among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

_HOST = b"Host: a.test\r\n"
_SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"

_BODIES = (
    b"",
    b"a",
    b"{}",
    b"abcdefghij",
    b"0\r\n\r\n",
    b"5\r\nhello\r\n",
    _SMUGGLED,
    b"\r\n\r\n",
    b"\x00\xff",
)
_METHODS = (b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"DELETE")
_TARGETS = (
    b"/",
    b"/a",
    b"/a?b=c",
    b"/%41",
    b"//a",
    b"http://a.test",
    b"http://b.test/x?y",
    b"http://a.test?q",
)
_HARMLESS = (
    b"Accept: */*\r\n",
    b"X:\r\n",
    b"X: a b \t\r\n",
    b"Cookie: session=1\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: keep-alive\r\n",
    b"Content-Type: application/json\r\n",
)
_UPGRADES = (
    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n",
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n",
    b"Connection: keep-alive, upgrade\r\nUpgrade: TLS/1.2, h2c\r\n",
    b"Upgrade: h2c\r\n",
    b"Connection: upgrade\r\n",
)
_CLOSING = (b"Connection: close\r\n", b"Connection: upgrade, close\r\nUpgrade: h2c\r\n")
# What comes behind a request that asks for the end of the connection is not looked at (RFC 9112, 9.6).
_BEHIND_THE_LAST = (b"", _SMUGGLED, b"\x16\x03", b"\r\n" * 3, b"GET")

# What only a broken or a wicked client sends.
_ODD_METHODS = (b"CONNECT", b"PRI", b"get", b"FOO", b"DESCRIBE", b"SOURCE", b"TRACE", b"")
_ODD_TARGETS = (
    b"*",
    b"a.test:443",
    b"http://",
    b"http://u@a.test/",
    b"ftp://a.test/",
    b"/a#b",
    b"?a",
    b"/\xff",
    b"/a b",
)
_ODD_VERSIONS = (
    b"HTTP/1.0",
    b"HTTP/0.9",
    b"RTSP/1.0",
    b"ICE/1.0",
    b"HTTP/2.0",
    b"HTTP/1.2",
    b"HTTP/11",
    b"http/1.1",
    b"HTTP/1.1 ",
    b"",
)
_ODD_HEADERS = (
    b"X : a\r\n",
    b" X: a\r\n",
    b"X: a\r\n b\r\n",
    b"X: a\n",
    b"X: a\r",
    b"X\r\n",
    b": a\r\n",
    b"X: \x00\r\n",
    b"X: \x0b\r\n",
    b"X: a\x80\r\n",
    b"X\x80: a\r\n",
    b"Host: b.test\r\n",
    b"Connection: close\r\n",
    b"Proxy-Connection: keep-alive\r\n",
)
_ODD_LENGTHS = (
    b"Content-Length:\r\n",
    b"Content-Length: +%d\r\n",
    b"Content-Length: -%d\r\n",
    b"Content-Length: 0x%d\r\n",
    b"Content-Length: %d \t\r\n",
    b"Content-Length: 00%d\r\n",
    b"Content-Length: %d, %d\r\n",
    b"Content-Length: %d 1\r\n",
    b"Content-Length: %d\r\nContent-Length: %d\r\n",
    b"Content-Length: %d\r\nContent-Length: 1\r\n",
    b"Content-Length : %d\r\n",
    b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n",
    b"Content-Length: 1844674407370955162%d\r\n",
    b"Content_Length: %d\r\n",
)
_ODD_CODINGS = (
    b"chunked, identity",
    b"identity",
    b"identity, chunked",
    b"gzip, chunked",
    b"gzip",
    b"chunked, chunked",
    b"chunked\r\nTransfer-Encoding: chunked",
    b"identity\r\nTransfer-Encoding: chunked",
    b"chunked\r\nTransfer-Encoding: identity",
    b"chunked\r\nContent-Length: 3",
    b"xchunked",
    b"chunkedx",
    b"chunked;q=1",
    b'"chunked"',
    b"CHUNKED",
    b"\tchunked \t",
    b"\x0bchunked",
    b"",
    b",chunked",
    b"chunked,",
)
_ODD_CHUNK_HEADS = (
    b"0x%x\r\n",
    b"+%x\r\n",
    b"-%x\r\n",
    b" %x\r\n",
    b"%x \r\n",
    b"%x\t\r\n",
    b"%x;\r\n",
    b"%x;a=b\r\n",
    b'%x;a="b;\r\n"\r\n',
    b'%x;a="b\\"c"\r\n',
    b"%x;a\rb\r\n",
    b"%x;a\nb\r\n",
    b"%x ;a\r\n",
    b"00000000000000000000%x\r\n",
    b"%x\n",
    b"%x\r",
    b"%x\r\r\n",
    b"%x,1\r\n",
    b"1_%x\r\n",
    b"ffffffffffffffff%x\r\n",
    b"\r\n%x\r\n",
)
_ODD_CHUNK_ENDS = (b"", b"\n", b"\r", b"\r\r\n", b"x\r\n", b"\r\n\r\n")
_ODD_TRAILERS = (
    b"X: a\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b" a\r\n",
    b"X : a\r\n",
    b"X: a\n",
)
_GRAINS = (
    *(bytes([code]) for code in b'\r\n\t :;,"\x00\x0b\x7f\x80 0aA/?#%*'),
    b"\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b"0\r\n\r\n",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: h2c\r\n",
    b"HTTP/1.0",
    _SMUGGLED,
)


@dataclass(frozen=True, slots=True)
class Case:
    """The bytes of one connection, in the pieces in which they come. `is_proper`: every server must take them."""

    pieces: tuple[bytes, ...]
    is_proper: bool

    def __str__(self) -> str:
        sizes = [len(piece) for piece in self.pieces]
        return f"{b''.join(self.pieces)!r} in pieces of {sizes if sum(sizes) > len(sizes) else 1}"


def make_case(rng: Random) -> Case:
    """A case drawn by lot."""
    sent, is_proper = make_bytes(rng)
    return Case(tuple(_cut(rng, sent)), is_proper)


def make_bytes(rng: Random) -> tuple[bytes, bool]:
    """One to four requests, and whether each of them is as it should be."""
    requests = [_proper_request(rng) for _ in range(rng.randint(1, 4))]
    kind = rng.random()
    if kind < 0.1:
        return b"".join([*requests, _proper_request(rng, closing=True), rng.choice(_BEHIND_THE_LAST)]), True
    if kind < 0.3:
        return b"".join(requests), True
    place = rng.randrange(len(requests))
    if kind < 0.75:
        requests[place] = _odd_request(rng)
    sent = b"".join(requests)
    if kind > 0.6:
        for _ in range(rng.randint(1, 3)):
            sent = _change(rng, sent)
    return sent, False


def _proper_request(rng: Random, *, closing: bool = False) -> bytes:
    body, framing = _framed(rng, rng.choice(_BODIES), odd=0)
    extras = rng.sample(_HARMLESS, rng.randint(0, 2))
    if closing:
        extras.append(rng.choice(_CLOSING))
    elif rng.random() < 0.4:
        extras.append(rng.choice(_UPGRADES))
    headers = [_HOST, framing, *extras]
    rng.shuffle(headers)
    line = b"%b %b HTTP/1.1\r\n" % (rng.choice(_METHODS), rng.choice(_TARGETS))
    return line + b"".join(headers) + b"\r\n" + body


def _odd_request(rng: Random) -> bytes:
    """A request in which one or a few things are not as they should be."""
    odd = rng.choice((0.1, 0.3))

    def one_of(usual: Sequence[bytes], unusual: Sequence[bytes]) -> bytes:
        return rng.choice(unusual if rng.random() < odd else usual)

    body, framing = _framed(rng, rng.choice(_BODIES), odd=rng.choice((0, 0.5)))
    headers = [one_of((_HOST,), (b"", _HOST * 2, b"Host: a.test, b.test\r\n")), framing]
    headers += [one_of(_HARMLESS + _UPGRADES + _CLOSING, _ODD_HEADERS) for _ in range(rng.randint(0, 3))]
    rng.shuffle(headers)
    space = one_of((b" ",), (b"  ", b"\t", b"", b"\r"))
    end = one_of((b"\r\n",), (b"\n", b"\r", b"\r\r\n", b""))
    before = one_of((b"",), (b"\r\n", b"\n", b"\r\n\r\n", b"\r", b" "))
    line = before + one_of(_METHODS, _ODD_METHODS) + space + one_of(_TARGETS, _ODD_TARGETS)
    line += space + one_of((b"HTTP/1.1",), _ODD_VERSIONS) + end
    return line + b"".join(headers) + one_of((b"\r\n",), (b"\n", b"\r", b"")) + body


def _framed(rng: Random, body: bytes, odd: float) -> tuple[bytes, bytes]:
    """A body as it is sent, and the headers that say how long it is."""
    kind = rng.randrange(3)
    if kind == 0:
        return (body, b"") if odd else (b"", b"")
    if kind == 1:
        if rng.random() >= odd:
            return body, b"Content-Length: %d\r\n" % len(body)
        form = rng.choice(_ODD_LENGTHS)
        length = max(0, len(body) + rng.choice((0, 0, 1, -1)))
        return body, form % ((length,) * form.count(b"%d"))
    coding = rng.choice(_ODD_CODINGS) if rng.random() < odd else rng.choice((b"chunked", b"Chunked"))
    return _chunked(rng, body, odd), b"Transfer-Encoding: " + coding + b"\r\n"


def _chunked(rng: Random, body: bytes, odd: float) -> bytes:
    sent = b""
    while body:
        part, body = body[: (size := rng.randint(1, 12))], body[size:]
        usual = (b"%x\r\n", b"%X\r\n", b"0%x\r\n", b"%x;a=b\r\n", b'%x;a="b"\r\n')
        head = rng.choice(_ODD_CHUNK_HEADS if rng.random() < odd else usual)
        sent += head % len(part) + part + (rng.choice(_ODD_CHUNK_ENDS) if rng.random() < odd else b"\r\n")
    trailers = rng.choice(_ODD_TRAILERS) if rng.random() < odd else rng.choice((b"", b"X-T: a\r\n"))
    end = rng.choice((b"\n", b"\r", b"", b"\r\r\n")) if rng.random() < odd / 2 else b"\r\n"
    return sent + rng.choice((b"0\r\n", b"00\r\n", b"0;a=b\r\n")) + trailers + end


def _change(rng: Random, sent: bytes) -> bytes:
    """A few bytes put in, taken out, changed, moved or doubled."""
    place = rng.randrange(len(sent) + 1)
    other = min(len(sent), place + rng.randint(1, 20))
    kind = rng.randrange(5)
    if kind == 0:
        return sent[:place] + rng.choice(_GRAINS) + sent[place:]
    if kind == 1:
        return sent[:place] + sent[place + rng.randint(1, 3) :]
    if kind == 2:
        return sent[:place] + bytes([rng.randrange(256)]) + sent[place + 1 :]
    if kind == 3:
        return sent[:other] + sent[place:other] + sent[other:]
    ends = [at for at in range(len(sent)) if sent[at : at + 2] == b"\r\n"]
    at = rng.choice(ends) if ends else place
    return sent[:at] + rng.choice((b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b"")) + sent[at + 2 :]


def _cut(rng: Random, sent: bytes) -> list[bytes]:
    """In two pieces mostly, or in one, in some, or byte by byte."""
    kind = rng.random()
    if kind < 0.1:
        return [sent[at : at + 1] for at in range(len(sent))]
    pieces = 2 if kind < 0.5 else 1 if kind < 0.75 else rng.randint(3, 7)
    cuts = sorted(rng.sample(range(1, len(sent)), pieces - 1)) if len(sent) > pieces else []
    return [sent[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
