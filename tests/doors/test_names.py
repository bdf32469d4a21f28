"""Names: what may be one, and when two are the same."""

import pytest

from tests.doors.door import Door
from tests.doors.flows import MOBILE, OTHER_MOBILE, sign_up
from tests.doors.harness import Harness

pytestmark = pytest.mark.anyio


@pytest.fixture
async def signed_in(harness: Harness, kind: str) -> Door:
    return harness.open_door(kind, token=await harness.make_account(MOBILE))


async def name_of(door: Door) -> str:
    name: str = (await door.me()).values["name"]
    return name


async def test_new_name_shows_at_both_doors_at_once(harness: Harness, kind: str) -> None:
    token = await harness.make_account(MOBILE)
    changed = await harness.open_door(kind, token=token).update_name("小明")

    assert changed.values["name"] == "小明"
    assert await name_of(harness.open_door("rest", token=token)) == "小明"
    assert await name_of(harness.open_door("graphql", token=token)) == "小明"


async def test_name_needs_a_sign_in(door: Door) -> None:
    assert (await door.update_name("小明")).is_refused_as("UNAUTHENTICATED")


async def test_name_is_kept_in_nfkc_and_trimmed(signed_in: Door) -> None:
    for given, kept in [
        ("  Ｗａｎｇ  ", "Wang"),
        ("\u3000明\u3000", "明"),
        ("e\u0301", "é"),
        ("ﬁn", "fin"),
        ("a b", "a b"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("ʻOkina", "ʻOkina"),
        ("محمد", "محمد"),
    ]:
        changed = await signed_in.update_name(given)
        assert changed.is_ok, (given, changed)
        assert await name_of(signed_in) == kept


async def test_name_has_1_to_32_characters(signed_in: Door) -> None:
    for name, is_allowed in [("a", True), ("a" * 32, True), ("🀄" * 32, True), (" " + "b" * 32 + " ", True)]:
        assert (await signed_in.update_name(name)).is_ok is is_allowed
    # The last two grow when they are normalised.
    for name in ["", " ", "\u3000", "a" * 33, "🀄" * 33, "ﷺ" * 2, "½" * 17]:
        assert (await signed_in.update_name(name)).is_refused_as("INVALID_INPUT"), name


@pytest.mark.parametrize(
    "character",
    [
        *"<>&",
        "＜",
        "＆",
        "\x00",
        "\x01",
        "\t",
        "\n",
        "\r",
        "\x1b",
        "\x7f",
        "\x85",
        "\u2028",
        "\u2029",
        "\u202a",
        "\u202e",
        "\u2066",
        "\u2069",
        "\u200e",
        "\u200f",
        "\u061c",
        "\ue000",
        "\U000f0000",
        # What nobody sees.
        "\u00ad",
        "\u034f",
        "\u115f",
        "\u1160",
        "\u17b4",
        "\u180b",
        "\u180e",
        "\u200b",
        "\u200c",
        "\u200d",
        "\u2060",
        "\u2065",
        "\u206a",
        "\u2800",
        "\u3164",
        "\ufe00",
        "\ufe0f",
        "\ufeff",
        "\uffa0",
        "\ufff0",
        "\ufff9",
        "\ufffc",
        "\U00013430",
        "\U00013441",
        "\U0001d159",
        "\U0001d173",
        "\U000e0001",
        "\U000e0041",
        "\U000e0100",
        "\uffff",
        "\u2d7f",
        "\u070f",
        "\U00013440",
    ],
)
async def test_name_has_no_markup_control_or_direction_characters(harness: Harness, character: str) -> None:
    token = await harness.make_account(MOBILE)
    for kind in ("graphql", "rest"):
        door = harness.open_door(kind, token=token)
        for name in (f"a{character}b", f"{character}ab", f"ab{character}"):
            assert (await door.update_name(name)).is_refused_as("INVALID_INPUT")
        assert await name_of(door) == "18736008450"


@pytest.mark.parametrize(
    "name",
    [
        # Where they mean something: in emoji, in Persian, in Devanagari.
        "❤\ufe0f",
        "👩\u200d👩\u200d👧",
        "🏳\ufe0f\u200d🌈",
        "👍🏽",
        "1\ufe0f\u20e3",
        "می\u200cخواهم",
        "श्\u200dर",
        # Letters that the tables of Python 3.11 do not know: CJK Extensions H, I and J, Kawi, Garay.
        "\U000323af一",
        "\U0002ebf0",
        "\U000323b0",
        "\U00011f04",
        "\U00010d50",
        # And those that no tables know yet.
        "\U00033fff",
        "\U0002fa20",
    ],
    ids=ascii,
)
async def test_name_has_any_letter_of_unicode_and_what_its_script_needs(signed_in: Door, name: str) -> None:
    assert await signed_in.update_name(name)
    assert await name_of(signed_in) == name


async def test_name_has_something_to_see(signed_in: Door) -> None:
    for name in ("\u0301", "\u0301 \u0302", "\u20dd", "\U0001f3f4\U000e0067\U000e007f"):
        assert (await signed_in.update_name(name)).is_refused_as("INVALID_INPUT"), ascii(name)


async def test_twins_that_differ_by_what_nobody_sees_are_one_name(
    harness: Harness, signed_in: Door, kind: str
) -> None:
    other = harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE))
    for name, twin in [
        ("❤\ufe0f A", "❤ a"),
        ("می\u200cخواهم", "میخواهم"),
        ("two words", "two  words"),
        ("\U0001ccd6bc", "abc"),
        ("admin", "admi\u0307n"),
        ("\u0456van", "\u0456\u0307van"),
    ]:
        assert await signed_in.update_name(name), ascii(name)
        assert (await other.update_name(twin)).is_refused_as("NAME_TAKEN"), ascii(twin)


async def test_name_is_unique_without_case(harness: Harness, signed_in: Door, kind: str) -> None:
    other = harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE))
    await signed_in.update_name("Straße Ａlice")

    for same in ("straße alice", "STRASSE ALICE", "Strasse Alice", "ＳＴＲＡＳＳＥ　ＡＬＩＣＥ"):
        refused = await other.update_name(same)
        assert refused.is_refused_as("NAME_TAKEN"), same
        assert refused.field in {("name",), None}
    assert await name_of(other) == "13912345678"


# As UnicodeData.txt of 16.0 and 17.0 pairs them; the tables of Python 3.11 know neither of most.
@pytest.mark.parametrize(
    ("capital", "small"),
    [
        ("\u1c89", "\u1c8a"),
        ("\ua7cb", "\u0264"),
        ("\ua7cc", "\ua7cd"),
        ("\ua7ce", "\ua7cf"),
        ("\ua7d2", "\ua7d3"),
        ("\ua7dc", "\u019b"),
        ("\U00010d50", "\U00010d70"),
        ("\U00010d65", "\U00010d85"),
        ("\U00016ea0", "\U00016ebb"),
    ],
    ids=ascii,
)
async def test_case_of_new_letters_makes_no_other_name(
    harness: Harness, signed_in: Door, kind: str, capital: str, small: str
) -> None:
    other = harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE))

    assert await signed_in.update_name(f"{capital}a")
    assert (await other.update_name(f"{small}a")).is_refused_as("NAME_TAKEN")


async def test_name_taken_at_one_door_is_taken_at_the_other(harness: Harness) -> None:
    await harness.open_door("rest", token=await harness.make_account(MOBILE)).update_name("Alice")
    other = harness.open_door("graphql", token=await harness.make_account(OTHER_MOBILE))

    assert (await other.update_name("alice")).is_refused_as("NAME_TAKEN")


async def test_own_name_again_is_no_error_and_its_case_may_change(signed_in: Door) -> None:
    for name in ("alice", "alice", "ALICE"):
        assert await signed_in.update_name(name)
    assert await name_of(signed_in) == "ALICE"


async def test_name_that_was_given_up_is_free(harness: Harness, signed_in: Door, kind: str) -> None:
    other = harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE))
    await signed_in.update_name("alice")
    await signed_in.update_name("bob")

    assert await other.update_name("alice")


async def test_mobile_of_somebody_else_is_no_name(signed_in: Door) -> None:
    for name in (
        "13900000007",
        "+8613900000007",
        "139 0000 0007",
        "１３９０００００００７",
        "86-13900000007",
        "+44 7911 123456",
        "(139)0000-0007",
        "139_0000_0007",
        "139·0000·0007",
        "139,0000,0007",
        "*13900000007*",
        "📱13900000007",
        "①③⑨⓪⓪⓪⓪⓪⓪⓪⑦",
        "➀➂➈00000007",
        "١٣٩٠٠٠٠٠٠٠٧",
        "\U0001ccf1\U0001ccf3\U0001ccf900000007",
        "1️⃣3900000007",
        "139ー0000ー0007",
        "139ʼ0000ʼ0007",
        "13900000007ـ",
        "139〇〇〇〇〇〇〇7",
        "〡〣〩〇〇〇〇〇〇〇〧",
        "一三九零零零零零零零七",
    ):
        assert (await signed_in.update_name(name)).is_refused_as("INVALID_INPUT"), name


async def test_own_mobile_is_allowed_as_name(signed_in: Door) -> None:
    await signed_in.update_name("alice")

    assert await signed_in.update_name("18736008450")
    assert await name_of(signed_in) == "18736008450"


async def test_number_that_is_no_mobile_is_allowed_as_name(signed_in: Door) -> None:
    assert await signed_in.update_name("007")
    assert await signed_in.update_name("20260301")


async def test_a_name_with_a_number_in_it_is_no_mobile(harness: Harness, door: Door) -> None:
    await sign_up(harness, door)

    assert (await door.update_name("n13912345678")).is_ok
    assert (await door.update_name("小明 139 1234 5678")).is_ok
