"""Real-name records: submitted once; encrypted at rest, shown masked."""

from hashlib import sha256
from pathlib import Path

import pytest

from db.tables import identities
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.operators import reencrypt_identities
from tests.backends import read_redis_values
from tests.doors.conftest import BuildHarness
from tests.doors.door import Door
from tests.doors.flows import ID_NUMBER, MASKED_ID_NUMBER, MOBILE, OTHER_MOBILE, REAL_NAME
from tests.doors.graphql_door import GraphQLDoor
from tests.doors.harness import Harness
from tests.doors.watching import watching_statements
from tests.id_numbers import id_number

pytestmark = pytest.mark.anyio

OTHER_ID_NUMBER = "110105194912310038"
OLD_KEY = "old:" + "T" * 43 + "="
NEW_KEY = "new:" + "b" * 42 + "g="


@pytest.fixture
async def signed_in(harness: Harness, kind: str) -> Door:
    return harness.open_door(kind, token=await harness.make_account(MOBILE))


async def test_record_is_shown_masked_at_both_doors(harness: Harness, kind: str) -> None:
    token = await harness.make_account(MOBILE)
    submitted = await harness.open_door(kind, token=token).submit_auth(REAL_NAME, ID_NUMBER)

    for shown in (
        submitted,
        await harness.open_door("rest", token=token).auth_info(),
        await harness.open_door("graphql", token=token).auth_info(),
    ):
        assert shown.values["real_name"] == "**丰"
        assert shown.values["id_number"] == MASKED_ID_NUMBER
        assert REAL_NAME not in shown.response.text
        assert ID_NUMBER not in shown.response.text


async def test_without_a_record_both_fields_are_empty(signed_in: Door) -> None:
    shown = await signed_in.auth_info()

    assert shown.is_ok
    assert shown.values["real_name"] is shown.values["id_number"] is None


async def test_record_needs_a_sign_in(door: Door) -> None:
    assert (await door.submit_auth(REAL_NAME, ID_NUMBER)).is_refused_as("UNAUTHENTICATED")
    assert (await door.auth_info()).is_refused_as("UNAUTHENTICATED")


async def test_second_submission_is_refused_and_changes_nothing(harness: Harness, signed_in: Door) -> None:
    await signed_in.submit_auth(REAL_NAME, ID_NUMBER)
    before = await harness.records()

    for name, number in [(REAL_NAME, ID_NUMBER), ("李四", OTHER_ID_NUMBER)]:
        assert (await signed_in.submit_auth(name, number)).is_refused_as("AUTH_ALREADY_SUBMITTED")
    assert await harness.records() == before


async def test_one_id_number_is_one_account(harness: Harness, signed_in: Door) -> None:
    await signed_in.submit_auth(REAL_NAME, ID_NUMBER)
    token = await harness.make_account(OTHER_MOBILE)
    before = await harness.records()

    for kind in ("rest", "graphql"):
        refused = await harness.open_door(kind, token=token).submit_auth("李四", ID_NUMBER.lower())
        assert refused.is_refused_as("ID_NUMBER_REFUSED")
    assert await harness.records() == before


@pytest.mark.parametrize(
    "number",
    [
        "",
        "110105194912310021",
        "11010519491231002",
        "11010519491231002XX",
        "160105194912310028",
        "110105194913310028",
        "110105194902300021",
        "1101051949123100X2",
        "abcdefghijklmnopqr",
        "110105491231002",
        "0" * 18,
        "1" * 100_000,
        "11010519491231002X\x00",
    ],
    ids=lambda number: number[:20],
)
async def test_id_number_is_valid_by_gb_11643(harness: Harness, number: str) -> None:
    token = await harness.make_account(MOBILE)
    for kind in ("graphql", "rest"):
        refused = await harness.open_door(kind, token=token).submit_auth(REAL_NAME, number[:60_000])
        assert refused.is_refused_as("INVALID_INPUT"), refused
    assert (await harness.records())["identities"] == []


@pytest.mark.parametrize(
    "number", ["11010519491231002x", " 11010519491231002X ", "１１０１０５１９４９１２３１００２Ｘ"]
)
async def test_spelling_of_an_id_number_does_not_matter(signed_in: Door, number: str) -> None:
    assert (await signed_in.submit_auth(REAL_NAME, number)).values["id_number"] == MASKED_ID_NUMBER


async def test_real_name_has_2_to_50_characters(harness: Harness, signed_in: Door, kind: str) -> None:
    for name in ("", " ", "王", "王" * 51, "王\x00五", "王\u202e五", "王\n五"):
        assert (await signed_in.submit_auth(name, ID_NUMBER)).is_refused_as("INVALID_INPUT"), ascii(name)
    assert (await signed_in.submit_auth("王" * 50, ID_NUMBER)).values["real_name"] == "*" * 49 + "王"


@pytest.mark.parametrize(
    "name",
    [
        "\U000323af一",
        "\U0002ebf0一",
        "\U000323b0\U00033479",
        "\U00033fff一",
        "買買提·吐爾遜",
        "Nguyễn Văn A",
    ],
    ids=ascii,
)
async def test_real_name_has_any_letter_of_unicode(signed_in: Door, name: str) -> None:
    assert await signed_in.submit_auth(name, ID_NUMBER)


async def test_real_name_has_nothing_invisible(signed_in: Door) -> None:
    for name in (
        "\u2800\u2800",
        "\u3164\u3164",
        "王\u115f",
        "王\u200b五",
        "王\U000e0100五",
        "\u0301\u0302",
        "王\ufeff",
        "王\ufffe五",
    ):
        assert (await signed_in.submit_auth(name, ID_NUMBER)).is_refused_as("INVALID_INPUT"), ascii(name)


@pytest.mark.parametrize("number", ["810000199001011237", "110223198001010018", "522101198001010013"])
async def test_numbers_of_counties_that_are_no_more_are_accepted(signed_in: Door, number: str) -> None:
    assert await signed_in.submit_auth(REAL_NAME, id_number(number[:-1]))


async def test_neither_name_nor_number_is_at_rest_anywhere(
    harness: Harness, signed_in: Door, tmp_path: Path
) -> None:
    await signed_in.submit_auth(REAL_NAME, ID_NUMBER)
    await signed_in.submit_auth(REAL_NAME, ID_NUMBER)
    await signed_in.auth_info()

    kept = read_files(tmp_path)
    kept.append(repr(await all_rows(harness)).encode())
    if harness.redis_url:
        kept += await read_redis_values(harness.redis_url, harness.redis_prefix)
    for secret in (REAL_NAME, ID_NUMBER, ID_NUMBER[:-1], ID_NUMBER[6:14]):
        for encoded in (secret.encode(), secret.encode("utf-16-le"), secret.encode().hex().encode()):
            assert all(encoded not in content for content in kept)


async def test_number_is_kept_as_a_digest_that_needs_the_key(build_harness: BuildHarness) -> None:
    digests = []
    for turn, keys in enumerate((OLD_KEY, NEW_KEY)):
        async with build_harness(secret_keys=keys) as harness:
            door = harness.open_door("rest", token=await harness.make_account(f"+861390000000{turn}"))
            # Another secret does not even recognise the number that the first has kept.
            assert await door.submit_auth(REAL_NAME, ID_NUMBER)
            digests = [str(row["id_number_digest"]) for row in await all_rows(harness)]

    assert len(set(digests)) == 2
    assert sha256(ID_NUMBER.encode()).hexdigest() not in digests


async def test_two_seals_of_one_text_differ(harness: Harness, kind: str) -> None:
    for mobile, number in [(MOBILE, ID_NUMBER), (OTHER_MOBILE, OTHER_ID_NUMBER)]:
        token = await harness.make_account(mobile)
        assert await harness.open_door(kind, token=token).submit_auth(REAL_NAME, number)
    first, second = await all_rows(harness)

    assert first["real_name_encrypted"] != second["real_name_encrypted"]


async def test_rotated_keys_read_old_records_and_reseal_them(build_harness: BuildHarness, kind: str) -> None:
    async with build_harness(secret_keys=OLD_KEY) as harness:
        token = await harness.make_account(MOBILE)
        await harness.open_door(kind, token=token).submit_auth(REAL_NAME, ID_NUMBER)
    async with build_harness(secret_keys=f"{NEW_KEY},{OLD_KEY}") as harness:
        door = harness.open_door(kind, token=token)
        other = harness.open_door(kind, token=await harness.make_account(OTHER_MOBILE))
        assert (await door.auth_info()).values["id_number"] == MASKED_ID_NUMBER
        assert (await other.submit_auth("李四", ID_NUMBER)).is_refused_as("ID_NUMBER_REFUSED")
        assert await reencrypt_identities(Context(harness.services, actor=Operator("test"))) == 1
        assert await reencrypt_identities(Context(harness.services, actor=Operator("test"))) == 0
    async with build_harness(secret_keys=NEW_KEY) as harness:
        door = harness.open_door(kind, token=token)
        assert (await door.auth_info()).values["id_number"] == MASKED_ID_NUMBER
        third = harness.open_door(kind, token=await harness.make_account("+8613900000003"))
        assert (await third.submit_auth("李四", ID_NUMBER)).is_refused_as("ID_NUMBER_REFUSED")


async def test_record_under_a_key_that_is_gone_is_an_internal_fault_without_details(
    build_harness: BuildHarness, kind: str
) -> None:
    async with build_harness(secret_keys=OLD_KEY) as harness:
        token = await harness.make_account(MOBILE)
        await harness.open_door(kind, token=token).submit_auth(REAL_NAME, ID_NUMBER)
    async with build_harness(secret_keys=NEW_KEY) as harness:
        failed = await harness.open_door(kind, token=token).auth_info()

    assert failed.is_refused_as("INTERNAL")
    assert "old" not in failed.response.text


def read_files(directory: Path) -> list[bytes]:
    """The database with its log, the pictures, and whatever else was written."""
    return [path.read_bytes() for path in directory.rglob("*") if path.is_file()]


async def all_rows(harness: Harness) -> list[dict[str, object]]:
    async with harness.services.database.reading() as connection:
        found = await connection.execute(identities.select().order_by(identities.c.account_id))
        return [dict(row) for row in found.mappings()]


async def test_a_record_beside_its_account_costs_one_look_at_who_calls(harness: Harness) -> None:
    door = GraphQLDoor(harness.client(token=await harness.make_account(MOBILE)))
    await door.submit_auth(REAL_NAME, ID_NUMBER)

    with watching_statements(harness.services.database) as statements:
        answer = await door.post("{ me { id authInfo { idNumber } } }")

    assert answer.json()["data"]["me"]["authInfo"] == {"idNumber": MASKED_ID_NUMBER}
    # On PostgreSQL that look goes past what is watched.
    assert sum("FROM sessions" in statement for statement in statements) <= 1
    assert sum("FROM identities" in statement for statement in statements) == 1
