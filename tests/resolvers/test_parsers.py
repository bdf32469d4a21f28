"""Whatever comes, a parser gives what may be kept or says no; nothing else comes out of it."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import InputError
from resolvers.id_numbers import parse_id_number
from resolvers.identities import _parse_real_name
from resolvers.masking import mask_mobile
from resolvers.mobiles import find_mobile, national_form, parse_mobile
from resolvers.names import name_key, parse_name
from resolvers.passwords import require_password
from tests.id_numbers import id_number

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWN_MOBILE = "+8618736008450"

# Every code point, lone surrogates too: that is what a JSON string can carry.
ANY_TEXT = st.text(st.characters(), max_size=200)
DIGITS_IN_MANY_SCRIPTS = st.text("0123456789０１２３٠١٢३४५+-() .\u202a\u200f#x,;ext", max_size=45)


def attempt(parse: Callable[[], str]) -> str | InputError:
    """What comes out of it, the refusal too."""
    try:
        return parse()
    except InputError as error:
        return error


@given(ANY_TEXT | DIGITS_IN_MANY_SCRIPTS)
def test_mobile_is_e164_or_nothing(text: str) -> None:
    mobile = find_mobile(text)

    if mobile is None:
        with pytest.raises(InputError):
            parse_mobile(text)
    else:
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", mobile)
        assert parse_mobile(mobile) == mobile
        assert parse_mobile(national_form(mobile)) == mobile


@given(st.integers(130_0000_0000, 199_9999_9999), st.sampled_from(["", "+86", "0086", "+86 ", "86-"]))
def test_spellings_of_a_chinese_mobile_agree(number: int, prefix: str) -> None:
    assert find_mobile(f"{prefix}{number}") in {f"+86{number}", None}
    if find_mobile(str(number)):
        assert find_mobile(f"+86{number}") == find_mobile(f"0086{number}") == f"+86{number}"


@given(st.integers(130_0000_0000, 199_9999_9999))
def test_masked_mobile_hides_four_digits(number: int) -> None:
    assert mask_mobile(f"+86{number}") == f"+86{str(number)[:3]}****{str(number)[-4:]}"


@given(ANY_TEXT)
def test_name_is_storable_or_refused(text: str) -> None:
    name = attempt(lambda: parse_name(text, own_mobile=OWN_MOBILE))
    if isinstance(name, InputError):
        assert name.field == ("name",)
        return
    assert 1 <= len(name) <= 32
    assert name == name.strip() == unicodedata.normalize("NFKC", name)
    assert not set("<>&\x00\n\u202e") & set(name)
    assert name.encode().decode() == name
    assert parse_name(name, own_mobile=OWN_MOBILE) == name
    assert len(name_key(name)) <= 128


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=32))
def test_names_that_differ_in_case_only_have_one_key(text: str) -> None:
    normal = unicodedata.normalize("NFKC", text)

    assert name_key(normal.casefold()) == name_key(normal)


@given(ANY_TEXT)
def test_real_name_is_storable_or_refused(text: str) -> None:
    name = attempt(lambda: _parse_real_name(text))
    if isinstance(name, InputError):
        assert name.field == ("real_name",)
        return
    assert 2 <= len(name) <= 50
    assert name.encode().decode() == name


@given(ANY_TEXT | st.text("0123456789xX ", min_size=15, max_size=20))
def test_id_number_is_18_ascii_characters_or_refused(text: str) -> None:
    number = attempt(lambda: parse_id_number(text, now=NOW).text)
    if isinstance(number, InputError):
        assert number.field == ("id_number",)
        return
    assert re.fullmatch(r"[0-9]{17}[0-9X]", number)
    assert number == id_number(number[:-1])


@given(st.integers(0, 999), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_makes_an_id_number_invalid(serial: int, place: int, by: int) -> None:
    body = f"11010519900101{serial:03}"
    number = id_number(body)
    digit = (int(number[place].replace("X", "0")) + by) % 10
    spoilt = f"{number[:place]}{digit}{number[place + 1 :]}"

    assert parse_id_number(number, now=NOW).text == number
    if spoilt != number:
        with pytest.raises(InputError):
            parse_id_number(spoilt, now=NOW)


@given(ANY_TEXT)
def test_password_is_taken_in_its_normal_spelling_or_refused(text: str) -> None:
    password = attempt(lambda: require_password(text, mobile=OWN_MOBILE, refuse_common=True))
    if isinstance(password, InputError):
        assert password.field == ("password",)
        return
    assert password == unicodedata.normalize("NFC", text)
    assert 8 <= len(password) <= 128
    assert password.encode()
