"""The list of the commonest passwords, held to where it is from."""

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from resolvers.common_passwords import LIST, RANKS, is_common_password
from resolvers.passwords import MINIMUM_CHARACTERS


def test_list_is_the_first_ten_thousand_that_are_long_enough() -> None:
    ranked = FREQUENCY_LISTS["passwords"][:RANKS]

    assert LIST.read_text(encoding="utf-8").splitlines() == [
        password for password in ranked if len(password) >= MINIMUM_CHARACTERS
    ]


@pytest.mark.parametrize("password", ["password", "PassWord", "123456789", "qwertyuiop"])
def test_common_passwords_are_known_in_any_case(password: str) -> None:
    assert is_common_password(password)


def test_a_password_of_ones_own_is_not_common() -> None:
    assert not is_common_password("correct horse battery")
