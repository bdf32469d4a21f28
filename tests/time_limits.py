"""Time limits for tests that ask what comes of something, not how fast: a busy machine may take its time."""

from gateway.timeouts import Timeouts

AMPLE = Timeouts(
    request_seconds=60,
    database_seconds=60,
    state_store_seconds=60,
    redis_node_seconds=60,
    redis_sentinel_seconds=60,
    hashing_seconds=60,
    drawing_seconds=60,
)
