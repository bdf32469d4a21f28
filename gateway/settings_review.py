"""What settings that are each valid still say that is unfit, above all for production."""

import ipaddress
from collections.abc import Iterator
from itertools import pairwise

from pydantic import SecretStr

from gateway.findings import Finding, error, warning
from gateway.origins import has_any_port
from gateway.settings import IPNetwork, Settings
from gateway.settings_groups import DEVELOPMENT_SECRET_KEYS, SmsSettings, parse_secret_keys
from resolvers.sms_purposes import FEWEST_SAFE_DIGITS

# Memory in KiB and passes of argon2id, of equal strength. Source: OWASP Password Storage Cheat Sheet.
_OWASP_MINIMUM = ((47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5))

# Source: RFC 9106, section 3.1.
_LEAST_KIB_A_LANE = 8

# No single proxy or content network has more: wider ranges are mistakes, or everybody.
_WIDEST_PREFIX = {4: 8, 6: 16}
_MAPPED_IPV4 = ipaddress.IPv6Network("::ffff:0:0/96")

# 32 random bytes have fewer distinct ones once in 10 to the 13th.
_DISTINCT_BYTES = 16


def review_settings(settings: Settings) -> list[Finding]:
    """Everything that the settings alone show, each with its mend."""
    unfit = error if settings.is_production else warning
    findings = [error(text) for text in _missing_for_sender(settings)]
    findings += [unfit(text) for text in _too_wide_proxies(settings)]
    if settings.server.workers > 1 and settings.is_sqlite:
        findings.append(unfit(_WORKERS_ON_SQLITE))
    if settings.passwords.memory_kib < _LEAST_KIB_A_LANE * settings.passwords.lanes:
        findings.append(
            error("GATEWAY_ARGON2_MEMORY_KIB is less than 8 KiB for each of GATEWAY_ARGON2_LANES")
        )
    if settings.sms.code_digits < FEWEST_SAFE_DIGITS:
        findings.append(
            warning(
                f"GATEWAY_SMS_CODE_DIGITS={settings.sms.code_digits}: codes to register are easily guessed; choose 6 "
                "unless a legacy page has no room for more"
            )
        )
    if settings.is_production:
        findings += [error(text) for text in _unfit_for_production(settings)]
        if not settings.edge.trusted_proxies:
            findings.append(warning(_NO_PROXIES))
    return findings


_WORKERS_ON_SQLITE = (
    "GATEWAY_WORKERS is more than 1 with SQLite, which takes one writer at a time; set GATEWAY_DATABASE_URL to "
    "PostgreSQL or MySQL"
)

_NO_PROXIES = (
    "GATEWAY_TRUSTED_PROXIES is empty: behind a proxy all clients count as one; name the proxy's addresses there "
    "(nothing is to be done where clients connect directly)"
)


def _unfit_for_production(settings: Settings) -> Iterator[str]:
    if settings.sms.sender == "console":
        yield "GATEWAY_SMS_SENDER is `console`, which sends nothing; choose `http` or `aliyun`"
    if settings.policy.limits_scale > 1:
        yield "GATEWAY_LIMITS_SCALE is for development; take it out"
    if not settings.is_cookie_secure:
        yield "GATEWAY_COOKIE_SECURE is off, so the session cookie would travel over http; take it out"
    if settings.installation.public_url.startswith("http:"):
        yield "GATEWAY_PUBLIC_URL is http; serve over https"
    if any(has_any_port(origin) for origin in settings.edge.allowed_origins):
        yield "GATEWAY_ALLOWED_ORIGINS has an origin with any port, which is for development; name the port"
    if not _is_hash_strong(settings.passwords.memory_kib, settings.passwords.passes):
        yield (
            f"GATEWAY_ARGON2_MEMORY_KIB={settings.passwords.memory_kib} with GATEWAY_ARGON2_PASSES="
            f"{settings.passwords.passes} is weaker than OWASP's minimum; take both out, or use 7168 with 5 passes "
            "or more"
        )
    yield from _weak_keys(settings)


def _weak_keys(settings: Settings) -> Iterator[str]:
    # By whatever name: it is the bytes that everybody knows.
    known = set(parse_secret_keys(DEVELOPMENT_SECRET_KEYS).values())
    for name, secret in settings.installation.parse_secret_keys().items():
        if secret in known:
            yield f"GATEWAY_SECRET_KEYS is the development key (`{name}`); make one with `account-gateway keys new`"
        elif _is_guessable(secret):
            yield (
                f"GATEWAY_SECRET_KEYS: the key `{name}` is not random; make one with `account-gateway keys new`"
            )


def _is_guessable(secret: bytes) -> bool:
    """Whether it is a pattern: one byte or a few repeated, or counted up or down."""
    steps = {(after - before) % 256 for before, after in pairwise(secret)}
    return len(set(secret)) < _DISTINCT_BYTES or len(steps) == 1


def _is_hash_strong(memory_kib: int, passes: int) -> bool:
    return any(memory_kib >= memory and passes >= least for memory, least in _OWASP_MINIMUM)


def _too_wide_proxies(settings: Settings) -> Iterator[str]:
    for network in _merged([_as_meant(network) for network in settings.proxy_networks]):
        if network.prefixlen < _WIDEST_PREFIX[network.version] and not network.is_private:
            yield (
                f"GATEWAY_TRUSTED_PROXIES covers {network}: whoever comes from there chooses the address that limits "
                "count; name the proxy's own addresses"
            )


def _as_meant(network: IPNetwork) -> IPNetwork:
    """IPv4 written as IPv6 is IPv4."""
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED_IPV4):
        return ipaddress.ip_network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


def _merged(networks: list[IPNetwork]) -> Iterator[IPNetwork]:
    """Neighbours as the one network that they make together: two halves of the world are the world."""
    yield from ipaddress.collapse_addresses([n for n in networks if isinstance(n, ipaddress.IPv4Network)])
    yield from ipaddress.collapse_addresses([n for n in networks if isinstance(n, ipaddress.IPv6Network)])


def _missing_for_sender(settings: Settings) -> list[str]:
    """What the chosen SMS sender still needs: settings that begin with its name and are empty."""
    sender = settings.sms.sender
    return [
        f"{variable} is missing; the sender `{sender}` needs it"
        for variable, name in SmsSettings.keys().items()
        if name.startswith(f"{sender}_") and getattr(settings.sms, name) in {"", SecretStr("")}
    ]
