"""The HTTP server: uvicorn's, with limits of our own and a short way for each request.

uvicorn bounds neither the size of a request's head nor the time in which a request must arrive, so that a few slow
or endless clients could hold all connections (RFC 9110, 15.5.9 and RFC 6585, 5 name the answers). It also writes an
answer's head and its body one by one, which takes twice the system calls, and prepares for each request what nearly
none needs. Connections, flow control, shutdown, and answers that are not plain are uvicorn's business; there are no
WebSockets, no `root_path` and no access log of uvicorn's (`gateway/cli/serving.py` asks for none).
"""

from gateway.server.connections import (
    HEAD_MAXIMUM_BYTES,
    BoundedHttpProtocol,
)
from gateway.server.cycles import Cycle
from gateway.server.whole_answers import WRITE_WHOLE, header_lines

__all__ = [
    "HEAD_MAXIMUM_BYTES",
    "WRITE_WHOLE",
    "BoundedHttpProtocol",
    "Cycle",
    "header_lines",
]
