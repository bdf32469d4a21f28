"""The abuse policy's numbers, held to what was promised."""

from resolvers import captchas, passwords, sessions
from resolvers.limits import Limit, Limits
from resolvers.policy import Policy
from resolvers.sms_purposes import PURPOSES

MINUTE, HOUR, DAY = 60, 3600, 86_400


def test_limits_are_those_of_the_contract() -> None:
    limits = Limits()

    assert {(one.subject, one.maximum, one.window_seconds) for one in limits.sms} >= {
        ("mobile", 1, MINUTE),
        ("mobile", 5, HOUR),
        ("mobile", 10, DAY),
        ("address", 20, HOUR),
        ("address", 50, DAY),
    }
    assert Policy().sms_daily_ceiling == 5000
    assert limits.captcha == (Limit("captcha", "address", 60, MINUTE),)
    assert numbers(limits.sms_guess) == ("mobile", 5, 15 * MINUTE)
    assert numbers(limits.sms_guess_by_address) == ("address", 20, 15 * MINUTE)
    assert numbers(limits.sms_guess_by_account) == ("account", 20, DAY)
    assert numbers(limits.sign_in_failure) == ("mobile", 5, 15 * MINUTE)
    assert [numbers(one) for one in limits.sign_in_failure_by_address] == [
        ("address", 20, 15 * MINUTE),
        ("address", 100, HOUR),
    ]


def test_what_succeeds_and_what_costs_work_has_limits_too() -> None:
    limits = Limits()

    assert numbers(limits.avatar) == ("account", 10, HOUR)
    assert numbers(limits.right_password) == ("mobile", 600, HOUR)
    assert numbers(limits.refused_picture) == ("account", 20, HOUR)


def test_lifetimes_are_those_of_the_contract() -> None:
    assert captchas.TTL_SECONDS == 180
    assert {rule.ttl_seconds for rule in PURPOSES.values()} == {300}
    assert (sessions.IDLE_DAYS, sessions.ABSOLUTE_DAYS, sessions.RENEWAL_SECONDS) == (7, 30, HOUR)
    assert (passwords.MINIMUM_CHARACTERS, passwords.MAXIMUM_CHARACTERS) == (8, 128)


def numbers(limit: Limit) -> tuple[str, int, int]:
    return limit.subject, limit.maximum, limit.window_seconds
