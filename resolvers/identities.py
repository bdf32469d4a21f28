"""Real-name records: submitted once; encrypted at rest, shown masked."""

from dataclasses import dataclass
from datetime import datetime

from db import accounts, identities
from db.engine import ConflictError, Connection
from db.identities import IdentityRow
from resolvers.accounts import Account
from resolvers.characters import has_hidden_characters, has_visible_character, normalize_canonical
from resolvers.context import Context
from resolvers.encryption import decrypt, encrypt
from resolvers.errors import ErrorCode, InputError, RateLimitedError, invalid_input, unauthenticated
from resolvers.events import EventKind, record_event, record_limit, record_refusal
from resolvers.id_numbers import parse_id_number
from resolvers.keys import KeyRing
from resolvers.masking import mask_id_number, mask_name
from resolvers.messages import Reason
from resolvers.text_rules import has_surrogate

MINIMUM_NAME_CHARACTERS = 2
MAXIMUM_NAME_CHARACTERS = 50

_DIGEST_PURPOSE = "identity-digest"


@dataclass(frozen=True, slots=True)
class AuthInfo:
    """A real-name record as it may be shown: both fields masked."""

    real_name: str
    id_number: str
    submitted_at: datetime


async def submit_auth(ctx: Context, *, real_name: str, id_number: str) -> AuthInfo:
    """Keep the viewer's real-name record. Of any number of submissions the first stands; one ID number, one account.

    Raises:
        RefusedError: UNAUTHENTICATED.
        InputError: INVALID_INPUT, AUTH_ALREADY_SUBMITTED, ID_NUMBER_REFUSED.
        RateLimitedError: too many ID numbers were tried.
    """
    viewer = await ctx.require_viewer()
    name = _parse_real_name(real_name)
    try:
        async with ctx.reading() as connection:
            await _require_no_identity(connection, viewer)
        async with ctx.limited(ctx.services.policy.limits.id_number, str(viewer.id), judged=(InputError,)):
            number = parse_id_number(id_number, now=ctx.now)
            return await _keep_identity(ctx, viewer, name, number.text)
    except InputError as error:
        await record_refusal(ctx, EventKind.REAL_NAME_REFUSED, mobile=viewer.mobile, detail=error.code)
        raise
    except RateLimitedError as error:
        async with ctx.writing() as connection:
            # Many at once are over the limit while the first is being kept: that is what they should hear.
            await _require_account(connection, viewer)
            await _require_no_identity(connection, viewer)
        await record_limit(ctx, EventKind.REAL_NAME_LIMITED, mobile=viewer.mobile, error=error)
        raise


async def _require_account(connection: Connection, viewer: Account) -> None:
    """Hold the account's row until the transaction ends."""
    if await accounts.find_account_for_update(connection, viewer.id) is None:
        raise unauthenticated()


async def _require_no_identity(connection: Connection, viewer: Account) -> None:
    if await identities.find_identity(connection, viewer.id):
        raise InputError(ErrorCode.AUTH_ALREADY_SUBMITTED, Reason.AUTH_ALREADY_SUBMITTED)


async def _keep_identity(ctx: Context, viewer: Account, name: str, number: str) -> AuthInfo:
    row = encrypt_identity(ctx.services.keys, viewer.id, name, number, ctx.now)
    try:
        async with ctx.writing() as connection:
            await _require_account(connection, viewer)
            await _require_no_identity(connection, viewer)
            if await identities.has_any_digest(connection, digests_of(ctx.services.keys, number)):
                raise _id_number_refused()
            await identities.insert_identity(connection, row)
            await record_event(
                ctx, connection, EventKind.REAL_NAME_SUBMITTED, account_id=viewer.id, mobile=viewer.mobile
            )
    except ConflictError as error:
        # The account's row is locked, so what collided is the number.
        raise _id_number_refused() from error
    return _masked(name, number, row.submitted_at)


async def find_own_auth_info(ctx: Context) -> AuthInfo | None:
    """The viewer's record, masked; None while none has been submitted.

    Raises:
        RefusedError: UNAUTHENTICATED.
    """
    viewer = await ctx.require_seen_viewer()
    async with ctx.reading() as connection:
        row = await identities.find_identity(connection, viewer.id)
    if row is None:
        return None
    name, number = open_identity(ctx.services.keys, row)
    return _masked(name, number, row.submitted_at)


def encrypt_identity(
    keys: KeyRing, account_id: int, name: str, number: str, submitted_at: datetime
) -> IdentityRow:
    """A record encrypted by the active key."""
    return IdentityRow(
        account_id=account_id,
        key_id=keys.active_id,
        real_name_encrypted=encrypt(keys, name, account_id=account_id, field="real_name"),
        id_number_encrypted=encrypt(keys, number, account_id=account_id, field="id_number"),
        id_number_digest=keys.digest(_DIGEST_PURPOSE, number),
        submitted_at=submitted_at,
    )


def open_identity(keys: KeyRing, row: IdentityRow) -> tuple[str, str]:
    """The name and the number of an encrypted record.

    Raises:
        UnreadableRecordError: when its key is not on the ring.
    """
    return (
        decrypt(
            keys, row.real_name_encrypted, key_id=row.key_id, account_id=row.account_id, field="real_name"
        ),
        decrypt(
            keys, row.id_number_encrypted, key_id=row.key_id, account_id=row.account_id, field="id_number"
        ),
    )


def digests_of(keys: KeyRing, number: str) -> list[str]:
    """The digests under which `number` may be kept already, one for each key on the ring."""
    return keys.digests(_DIGEST_PURPOSE, number)


def _parse_real_name(text: str) -> str:
    # Normalising is for input of a sensible length only.
    is_readable = len(text) <= 4 * MAXIMUM_NAME_CHARACTERS and not has_surrogate(text)
    name = normalize_canonical(text).strip() if is_readable else ""
    if (
        not MINIMUM_NAME_CHARACTERS <= len(name) <= MAXIMUM_NAME_CHARACTERS
        or has_hidden_characters(name)
        or not has_visible_character(name)
    ):
        raise invalid_input(
            Reason.REAL_NAME_MALFORMED,
            "real_name",
            minimum=MINIMUM_NAME_CHARACTERS,
            maximum=MAXIMUM_NAME_CHARACTERS,
        )
    return name


def _masked(name: str, number: str, submitted_at: datetime) -> AuthInfo:
    return AuthInfo(
        real_name=mask_name(name),
        id_number=mask_id_number(number),
        submitted_at=submitted_at,
    )


def _id_number_refused() -> InputError:
    return InputError(ErrorCode.ID_NUMBER_REFUSED, Reason.ID_NUMBER_REFUSED, field=("id_number",))
