"""Every time limit of the product, with its value: nothing is waited for without one.

Intervals, windows and lifetimes are no time limits; they stand beside their rules. `graphql_http` and `request_bodies`,
which know nothing of the product, have theirs among their own options.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long anything is waited for, in seconds. Tests hand in others (`Parts`)."""

    request_seconds: float = 1.5
    """All that one request asks of the database and the state store. An answer is promised within 2 s when one of
    them is down; what remains is for the door."""
    last_chance_seconds: float = 0.1
    """What each of its questions gets even when that is used up."""

    database_seconds: float = 1.4
    """One read or one transaction, with waiting for a connection, connecting and committing."""
    slow_read_seconds: float = 0.05
    """From then on a read of sessions is slow, and has another beside it."""

    state_store_seconds: float = 1.4
    """One operation. 1.5 s are promised; the rest is for giving the connection back."""
    redis_node_seconds: float = 0.6
    """One node of a Redis Cluster, or the master behind Sentinel, so that a silent one does not use up the whole."""
    redis_sentinel_seconds: float = 0.5
    """One sentinel."""
    refund_seconds: float = 0.25
    """How long the next caller waits for what is still owed; with a store that does not answer it could be for ever."""

    sms_vendor_seconds: float = 3.5
    """One request to an SMS vendor. 5 s are promised; the rest is for what is asked before and cleared up after."""

    notices_seconds: float = 6.0
    """At the end of the process, for the notices that are on their way to a vendor."""

    picture_seconds: float = 5.0
    """Making one avatar."""
    picture_start_seconds: float = 30.0
    """Starting the picture process; and what it may be late with an answer before it counts as dead."""
    picture_end_seconds: float = 1.0
    """Ending it before it is killed."""

    hashing_seconds: float = 5.0
    """One password, its turn in the queue included."""
    drawing_seconds: float = 5.0
    """One captcha, its turn in the queue included."""

    probe_seconds: float = 1.0
    """What `/readyz` gives each dependency."""

    worker_start_seconds: float = 300.0
    """A new worker to its first sign of life: on a slow machine Python alone starts for minutes."""
    worker_silent_seconds: float = 30.0
    """One that has given signs of life to its next. Source: gunicorn's default `timeout`."""

    arrival_seconds: float = 30.0
    """A client with the head of a request; and how long a body may stand still, or an answer that it does not take."""
    body_seconds: float = 300.0
    """A client with a whole request, its body included."""
    silent_seconds: float = 1.0
    """At the end of the process, a client that has connected and said nothing."""
