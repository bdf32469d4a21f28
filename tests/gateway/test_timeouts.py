"""The time limits as they are shipped keep what is promised."""

from dataclasses import astuple

from gateway.timeouts import Timeouts

LIMITS = Timeouts()


def test_a_request_answers_within_two_seconds_when_a_dependency_is_down() -> None:
    # What it asks, a last chance to clear up, and a moment to let a connection go.
    assert LIMITS.request_seconds + LIMITS.last_chance_seconds + 0.2 < 2
    assert max(LIMITS.database_seconds, LIMITS.state_store_seconds) < LIMITS.request_seconds


def test_one_silent_node_of_redis_leaves_time_for_another() -> None:
    assert 2 * LIMITS.redis_node_seconds < LIMITS.state_store_seconds
    assert LIMITS.redis_sentinel_seconds + LIMITS.redis_node_seconds < LIMITS.state_store_seconds


def test_an_sms_is_taken_or_refused_within_five_seconds() -> None:
    assert LIMITS.sms_vendor_seconds + LIMITS.request_seconds <= 5


def test_the_end_of_the_process_waits_for_notices_as_long_as_a_vendor_may_take() -> None:
    assert LIMITS.notices_seconds > LIMITS.sms_vendor_seconds + LIMITS.request_seconds


def test_nothing_is_waited_for_without_an_end() -> None:
    assert all(0 < seconds <= 300 for seconds in astuple(LIMITS))
