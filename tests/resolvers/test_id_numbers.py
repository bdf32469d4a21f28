"""ID numbers by a table of what is accepted and refused; check characters as the standard prints them."""

from datetime import UTC, date, datetime

import pytest

from resolvers.errors import InputError
from resolvers.id_numbers import IdNumberKind, parse_id_number
from tests.id_numbers import id_number

# Two o'clock in the night of the second of March in China.
NOW = datetime(2026, 3, 1, 18, tzinfo=UTC)
TODAY = "20260302"

PROVINCES = [
    *range(11, 16),
    *range(21, 24),
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
]
HMT = [81, 82, 83]
NOWHERE = sorted({*range(10, 90)} - {*PROVINCES, *HMT})


def is_accepted(text: str) -> bool:
    try:
        parse_id_number(text, now=NOW)
    except InputError:
        return False
    return True


def test_the_example_of_the_standard_is_accepted() -> None:
    assert id_number("11010519491231002") == "11010519491231002X"
    assert id_number("44052418800101001") == "440524188001010014"
    assert is_accepted("11010519491231002X")


@pytest.mark.parametrize("place", PROVINCES)
def test_every_province_is_accepted_whatever_the_county(place: int) -> None:
    for county in ("0101", "0000", "9999", "2301"):
        number = parse_id_number(id_number(f"{place}{county}19841231002"), now=NOW)
        assert number.kind is IdNumberKind.RESIDENT


@pytest.mark.parametrize("place", HMT)
def test_hong_kong_macao_and_taiwan_residents_have_a_kind_of_their_own(place: int) -> None:
    number = parse_id_number(id_number(f"{place}000019900101123"), now=NOW)

    assert number.kind is IdNumberKind.HMT_RESIDENT


@pytest.mark.parametrize("place", range(90, 100))
def test_numbers_that_begin_with_9_are_of_foreign_residents(place: int) -> None:
    number = parse_id_number(id_number(f"{place}184019800101123"), now=NOW)

    assert number.kind is IdNumberKind.FOREIGN_RESIDENT


@pytest.mark.parametrize("place", [f"{code:02}" for code in (*range(10), *NOWHERE)])
def test_no_other_place_is_accepted(place: str) -> None:
    assert not is_accepted(id_number(f"{place}010119841231002"))


@pytest.mark.parametrize(
    ("birth", "is_date"),
    [
        ("19000101", True),
        ("18991231", False),
        ("00010101", False),
        ("00000000", False),
        ("19001231", True),
        ("19000229", False),
        ("20000229", True),
        ("20040229", True),
        ("20230229", False),
        ("20240229", True),
        ("19840431", False),
        ("19840430", True),
        ("19841301", False),
        ("19840001", False),
        ("19840100", False),
        ("19840132", False),
        ("20251231", True),
        (TODAY, True),
        ("20260303", False),
        ("21000101", False),
        ("99991231", False),
    ],
)
def test_birth_is_a_real_day_from_1900_to_today_in_china(birth: str, is_date: bool) -> None:
    for place in ("110105", "810000", "911840"):
        assert is_accepted(id_number(f"{place}{birth}002")) is is_date


@pytest.mark.parametrize("check", "0123456789X")
def test_exactly_one_check_character_fits(check: str) -> None:
    assert is_accepted(f"11010519491231002{check}") is (check == "X")


def test_every_check_character_occurs() -> None:
    numbers = [id_number(f"11010519491231{serial:03}") for serial in range(100)]

    assert {number[-1] for number in numbers} == set("0123456789X")
    assert all(map(is_accepted, numbers))


@pytest.mark.parametrize(
    "spelling",
    [
        "11010519491231002x",
        " 11010519491231002X ",
        "\t11010519491231002X\n",
        "\u300011010519491231002X",
        f"{' ' * 50}11010519491231002X",
        "１１０１０５１９４９１２３１００２Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        "11010519491231002Ⅹ",
    ],
)
def test_spelling_does_not_matter(spelling: str) -> None:
    assert parse_id_number(spelling, now=NOW).text == "11010519491231002X"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "110105491231002",  # of 15 digits, before 1999
        "11010519491231002",
        "11010519491231002XX",
        "110105194912310X20",
        "1101051949123100 2X",
        "110105-19491231-002X",
        "11010519491231002Y",
        "11010519491231002Χ",  # a Greek chi
        "٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦٧",
        "11010519491231002X\x00",
        "\ud80011010519491231002X",
        "1" * 100_000,
        "X" * 18,
        # These raised KeyError: places that a table of counties did not know.
        id_number("10010119900101123"),
        id_number("16000019900101123"),
        id_number("84000019900101123"),
    ],
    ids=lambda text: ascii(text[:24]),
)
def test_nothing_else_is_accepted(text: str) -> None:
    assert not is_accepted(text)


@pytest.mark.parametrize(
    ("birth", "is_adult"),
    [("20080302", True), ("20080303", False), ("20080301", True), ("19000101", True), (TODAY, False)],
)
def test_an_adult_has_had_the_eighteenth_birthday_in_china(birth: str, is_adult: bool) -> None:
    number = parse_id_number(id_number(f"110105{birth}002"), now=NOW)

    assert number.is_adult(NOW) is is_adult
    assert number.born_on == date.fromisoformat(birth)


def test_who_is_born_on_a_leap_day_is_an_adult_on_the_first_of_march() -> None:
    number = parse_id_number(id_number("11010520080229002"), now=NOW)

    assert not number.is_adult(datetime(2026, 2, 28, 15, 59, tzinfo=UTC))
    assert number.is_adult(datetime(2026, 2, 28, 16, tzinfo=UTC))
