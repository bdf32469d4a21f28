"""Encryption: AES-256-GCM under a key of the ring, bound to the account and the field it belongs to."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from resolvers.keys import KeyRing

_NONCE_BYTES = 12
_PURPOSE = "identity-sealing"


class UnreadableRecordError(Exception):
    """An encrypted value does not open: its key is not on the ring any more, or it was tampered with."""


def encrypt(keys: KeyRing, text: str, *, account_id: int, field: str) -> bytes:
    """`text` encrypted by the active key: nonce, then ciphertext with its tag (NIST SP 800-38D)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    cipher = AESGCM(keys.derive(_PURPOSE, keys.active_id))
    return nonce + cipher.encrypt(nonce, text.encode(), _bound_to(account_id, field))


def decrypt(keys: KeyRing, encrypted: bytes, *, key_id: str, account_id: int, field: str) -> str:
    """What was encrypted.

    Raises:
        UnreadableRecordError: when it cannot be opened.
    """
    try:
        cipher = AESGCM(keys.derive(_PURPOSE, key_id))
        plain = cipher.decrypt(
            encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:], _bound_to(account_id, field)
        )
    except (KeyError, InvalidTag) as error:
        raise UnreadableRecordError(f"key {key_id}") from error
    return plain.decode()


def _bound_to(account_id: int, field: str) -> bytes:
    return f"{account_id}:{field}".encode()
