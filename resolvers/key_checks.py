"""Whether the secret keys are those that made what is stored."""

import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime

from db.engine import ConflictError, Database
from db.identities import IdentityRow, find_identity_encrypted_with
from db.secret_keys import insert_key_check, list_encryption_keys, list_key_checks
from resolvers.encryption import UnreadableRecordError
from resolvers.identities import open_identity
from resolvers.keys import KeyRing

_PURPOSE = "key-check"


async def record_keys(database: Database, keys: KeyRing, now: datetime) -> None:
    """Note each key that is new here, by a digest that tells nothing of it. Idempotent.

    Raises:
        DatabaseUnavailableError: so does `find_key_problems`.
    """
    async with database.reading() as connection:
        known = await list_key_checks(connection)
    for key_id in keys.key_ids:
        if key_id not in known:
            try:
                async with database.writing() as connection:
                    await insert_key_check(connection, key_id, _check_value(keys, key_id), now)
            except ConflictError:
                # Another instance was first; whether it has the same key is for `find_key_problems`.
                continue


async def find_key_problems(database: Database, keys: KeyRing) -> list[str]:
    """Keys that are missing, and names that stand for other bytes than before."""
    async with database.reading() as connection:
        known = await list_key_checks(connection)
        encrypting = await list_encryption_keys(connection)
        samples = {name: await find_identity_encrypted_with(connection, name) for name in encrypting}
    missing = [
        f"the key `{name}` is not in it, but encrypted real-name records; put it back"
        for name in encrypting
        if name not in keys.key_ids
    ]
    return missing + [
        f"the key `{name}` has other bytes than the one that was used here before; put those back, or give the new "
        "key a name of its own"
        for name in _changed(keys, known, samples)
    ]


def _changed(
    keys: KeyRing, known: Mapping[str, str], samples: Mapping[str, IdentityRow | None]
) -> Iterator[str]:
    for name in keys.key_ids:
        is_as_noted = hmac.compare_digest(known.get(name, ""), _check_value(keys, name)) or name not in known
        if not (is_as_noted and _opens(keys, samples.get(name))):
            yield name


def _opens(keys: KeyRing, sample: IdentityRow | None) -> bool:
    if sample is None:
        return True
    try:
        open_identity(keys, sample)
    except UnreadableRecordError:
        return False
    return True


def _check_value(keys: KeyRing, key_id: str) -> str:
    return hmac.new(keys.derive(_PURPOSE, key_id), key_id.encode(), "sha256").hexdigest()
