"""The HTTP server alone: uvicorn answering constant bytes of the same length."""

ACCOUNT = {
    b"id": b'"100001"',
    b"mobile": b'"+8613900000001"',
    b"name": b'"person 00000001"',
    b"avatarUrl": b"null",
    b"createdAt": b'"2026-01-01T00:00:00+00:00"',
}
FIELDS = b",".join(b'"%s":%s' % pair for pair in ACCOUNT.items())
BODY = b'{"data":{"me":{%s}}}' % FIELDS
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]


async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})
        return
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
