"""An SMS vendor on this machine: it takes every message, or none."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass(slots=True)
class SmsVendor:
    url: str = ""
    is_accepting: bool = True
    codes: list[str] = field(default_factory=list)


@contextmanager
def sms_vendor() -> Iterator[SmsVendor]:
    """Listens on a free port for as long as the block lasts."""
    vendor = SmsVendor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["content-length"])))
            vendor.codes.append(message["code"])
            self.send_response(200 if vendor.is_accepting else 500)
            self.end_headers()
            self.wfile.write(b'{"accepted": true}')

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendor.url = f"http://127.0.0.1:{server.server_address[1]}/send"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
