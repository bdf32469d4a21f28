"""Alibaba Cloud's signature of requests, version 3 (ACS3-HMAC-SHA256).

Source: https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote

_ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """Who asks."""

    id: str
    secret: str = field(repr=False)


def encode_query(parameters: Mapping[str, str]) -> str:
    """Give the parameters in order of their names, percent-encoded as RFC 3986 has it (a space is `%20`)."""
    return "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(parameters.items())
    )


def sign_request(
    key: AccessKey, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes = b""
) -> dict[str, str]:
    """Give `headers` (lower-case names, `host` among them) with the body's hash and the authorization added."""
    signed = {**headers, "x-acs-content-sha256": sha256(body).hexdigest()}
    names = sorted(signed)
    lines = [f"{name}:{signed[name].strip()}\n" for name in names]
    canonical = "\n".join(
        [method, path, query, "".join(lines), ";".join(names), signed["x-acs-content-sha256"]]
    )
    text = f"{_ALGORITHM}\n{sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key.secret.encode(), text.encode(), sha256).hexdigest()
    authorization = f"{_ALGORITHM} Credential={key.id},SignedHeaders={';'.join(names)},Signature={signature}"
    return {**signed, "authorization": authorization}
