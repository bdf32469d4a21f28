"""The session token in the `Authorization` header. Source: RFC 6750, section 2.1."""

from collections.abc import Mapping

from resolvers.sessions import hash_token

_SCHEME = b"bearer "


def find_bearer_token(headers: Mapping[bytes, bytes]) -> str | None:
    """What `Authorization: Bearer` brings, whether or not it can be a token of ours."""
    authorization = headers.get(b"authorization")
    if authorization is None or authorization[:7].lower() != _SCHEME:
        return None
    return authorization[7:].strip().decode("latin-1")


def describe_unusable_authorization(headers: Mapping[bytes, bytes]) -> str | None:
    """What to say where an `Authorization` header signs nobody in, whoever it was for; it is not repeated."""
    if b"authorization" not in headers:
        return None
    token = find_bearer_token(headers)
    if token is None:
        return "The header is not `Authorization: Bearer TOKEN`, so that the request counts as signed out."
    if hash_token(token) is None:
        return (
            "What follows `Bearer` cannot be a token of this service (43 characters, without quotes), so that the "
            "request counts as signed out."
        )
    return None
