"""Structured logs: JSON lines in production, readable ones in development; the standard library's come along."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import msgspec
import structlog
from structlog.types import Processor

_QUIET = {"uvicorn.access": logging.CRITICAL, "alembic": logging.WARNING, "aiosqlite": logging.WARNING}


def configure_logs(*, is_production: bool, level: str) -> None:
    """Set up logging for the process; call it once, before anything logs."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    threshold = getattr(logging, level.upper())
    renderer = _renderers(is_production=is_production)
    structlog.configure(
        processors=[*shared, *renderer, _to_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)


def _renderers(*, is_production: bool) -> list[Processor]:
    if is_production:
        # Tracebacks as data, without the values of local variables: those may be private.
        traces = structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        )
        return [traces, structlog.processors.JSONRenderer(serializer=_to_json)]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _to_json(event: MutableMapping[str, Any], **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _to_bytes(_logger: object, _method: str, line: Any) -> bytes:  # noqa: ANN401 - structlog's own type is no narrower
    return str(line).encode("utf-8", "backslashreplace")
