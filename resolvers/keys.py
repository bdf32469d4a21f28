"""The installation's secrets: one key for each purpose, derived from one secret, old ones still readable."""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_STATE = "state-key"


class KeyRing:
    """Named secrets of at least 32 bytes, one of them active.

    Everything new is made with the active secret; what older secrets made can still be read and compared until
    they are taken out. Each purpose has a key of its own (HKDF-SHA256, RFC 5869), so that no use can help another.
    """

    def __init__(self, secrets: Mapping[str, bytes], active_id: str) -> None:
        if active_id not in secrets:
            raise ValueError("the active key is not on the ring")
        self.active_id = active_id
        self._secrets = dict(secrets)
        self._derive = lru_cache(maxsize=64)(self._derive_uncached)

    @property
    def key_ids(self) -> list[str]:
        """Every key's name, the active one first."""
        return [self.active_id, *(key_id for key_id in self._secrets if key_id != self.active_id)]

    def derive(self, purpose: str, key_id: str) -> bytes:
        """The 32 bytes for `purpose` from the secret `key_id`.

        Raises:
            KeyError: when that secret is not on the ring any more.
        """
        return self._derive(purpose, key_id)

    def digest(self, purpose: str, text: str) -> str:
        """A keyed digest (HMAC-SHA256, hex) of `text` under the active secret."""
        return self._digest(purpose, text, self.active_id)

    def digests(self, purpose: str, text: str) -> list[str]:
        """The digest of `text` under every secret, the active one first."""
        return [self._digest(purpose, text, key_id) for key_id in self.key_ids]

    def state_key(self, kind: str, subject: str) -> str:
        """Where the state store keeps `kind` for `subject`: a keyed digest, so that no key tells a mobile or address.

        Digests of one subject under two kinds cannot be linked.
        """
        return f"{kind}:{self.digest(_STATE, f'{kind} {subject}')}"

    def state_keys(self, kind: str, subject: str) -> list[str]:
        """The state key under every secret, the active one first: for what is to outlive a rotation, or be erased."""
        return [f"{kind}:{digest}" for digest in self.digests(_STATE, f"{kind} {subject}")]

    def matches(self, purpose: str, text: str, digest: str) -> bool:
        """Whether any secret gives `digest` for `text`, in constant time for each."""
        matches = [hmac.compare_digest(candidate, digest) for candidate in self.digests(purpose, text)]
        return any(matches)

    def _digest(self, purpose: str, text: str, key_id: str) -> str:
        return hmac.new(self.derive(purpose, key_id), text.encode(), sha256).hexdigest()

    def _derive_uncached(self, purpose: str, key_id: str) -> bytes:
        derivation = HKDF(
            algorithm=SHA256(), length=32, salt=None, info=f"account-gateway/{purpose}".encode()
        )
        return derivation.derive(self._secrets[key_id])
