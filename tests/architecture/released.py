"""What clients were promised: the schema and the codes of the last release.

`python -m tests.architecture.released` puts today's on record: at each release, and before the first one whenever
something that was promised changes on purpose.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from graphql import GraphQLSchema, Node, Visitor, build_schema, parse, print_ast, visit

from graphql_http import EndpointErrorCode
from resolvers.errors import ErrorCode
from rest_shim.errno import ERRNOS, Errno
from schema.errors import PAYLOAD_CODES, REQUEST_CODES
from schema.sdl import print_sdl

_SCHEMA_PATH = Path(__file__).with_name("contract.graphql")
_CODES_PATH = Path(__file__).with_name("released_codes.json")
_HEADING = "# What the last release promised. The schema adds to it, and takes from it as docs/spa.md says."

CURRENT_CODES: Final[dict[str, Any]] = {
    "error_codes": sorted(code.value for code in ErrorCode),
    "payload_codes": sorted(code.value for code in PAYLOAD_CODES),
    "request_codes": sorted(code.value for code in REQUEST_CODES),
    "endpoint_error_codes": sorted(code.value for code in EndpointErrorCode),
    "errnos": {errno.name: int(errno) for errno in Errno},
    "errno_texts": {errno.name: errno.text for errno in Errno},
    "errno_of_code": {code.value: int(errno) for code, errno in ERRNOS.items()},
}


def read_schema() -> GraphQLSchema:
    return build_schema(_SCHEMA_PATH.read_text("utf-8"))


def read_codes() -> dict[str, Any]:
    codes: dict[str, Any] = json.loads(_CODES_PATH.read_text("utf-8"))
    return codes


class _WithoutDescriptions(Visitor):
    """Texts may be said better at any time."""

    def leave(self, node: Node, *_args: object) -> Node | None:
        changes: dict[str, Any] = {"description": None}
        return replace(node, **changes) if getattr(node, "description", None) else None


def _record() -> None:
    document = visit(parse(print_sdl(), no_location=True), _WithoutDescriptions())
    _SCHEMA_PATH.write_text(f"{_HEADING}\n\n{print_ast(document)}\n", "utf-8")
    codes = json.dumps(CURRENT_CODES, ensure_ascii=False, indent=2)
    _CODES_PATH.write_text(f"{codes}\n", "utf-8")


if __name__ == "__main__":
    _record()
