"""The settings: read once, judged all at once, and never telling a secret."""

import base64
import subprocess
import sys
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.app import endpoint_options
from gateway.findings import Severity, errors_of
from gateway.settings import Settings, SettingsError
from gateway.settings_groups import DEVELOPMENT_SECRET_KEYS
from gateway.settings_review import review_settings
from gateway.wiring import policy_of
from graphql_http import EndpointOptions
from resolvers.policy import Policy
from schema.mutations import SINGLE_USE
from tests.docs.walkthrough import ROOT

SECRET = base64.b64encode(sha256(b"s").digest()).decode()
GOOD_PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEYS": f"2026:{SECRET}",
    "SMS_SENDER": "http",
    "SMS_HTTP_URL": "https://sms.example.com/send",
    "SMS_HTTP_TOKEN": "a-token",
    "PUBLIC_URL": "https://accounts.example.com",
    "TRUSTED_PROXIES": "10.0.0.0/8",
}


def key_of(secret: bytes) -> str:
    return base64.b64encode(secret).decode()


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(f"GATEWAY_{name}", value)
    return Settings.load()


def problems_of(monkeypatch: pytest.MonkeyPatch, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **variables)
    return caught.value.problems


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load(monkeypatch)

    assert settings.installation.environment == "development"
    assert settings.database == f"sqlite:///{tmp_path / 'var' / 'gateway.db'}"
    assert review_settings(settings) == []


def test_every_bad_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = problems_of(
        monkeypatch,
        ENVIRONMENT="staging",
        WORKERS="none",
        SHUTDOWN_GRACE_SECONDS="-1",
        DATABASE_URL="oracle://h/d",
        REDIS_URL="http://h",
        SMS_HTTP_URL="http://sms.example.com",
        SECRET_KEYS="not-a-key",
        ALLOWED_ORIGINS="https://app.example.com/path",
        TRUSTED_PROXIES="10.0.0.0/8, proxy.example.com",
        SMS_COUNTRY_CODES="86",
        PUBLIC_URL="accounts.example.com",
        LOG_LEVEL="loud",
    )

    named = sorted(problem.partition(":")[0] for problem in problems)
    assert named == sorted(
        f"GATEWAY_{name}"
        for name in (
            "ENVIRONMENT", "WORKERS", "SHUTDOWN_GRACE_SECONDS", "DATABASE_URL", "REDIS_URL", "SECRET_KEYS",
            "SMS_HTTP_URL", "ALLOWED_ORIGINS", "TRUSTED_PROXIES", "SMS_COUNTRY_CODES", "PUBLIC_URL", "LOG_LEVEL",
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("METRICS", "maybe", "write true or false, not 'maybe'"),
        ("WORKERS", "many", "write a whole number, not 'many'"),
        ("WORKERS", "0", "at least 1, not 0"),
        ("WORKERS", "65", "at most 64, not 65"),
        ("LOG_LEVEL", "loud", "write 'debug', 'info', 'warning' or 'error', not 'loud'"),
        ("LISTEN_HOST", "", "this is empty"),
        ("PUBLIC_URL", "accounts.example.com", "write scheme://host"),
        ("ALLOWED_ORIGINS", "https://h/", "'https://h/': an origin has no `/` at its end; write https://h"),
        ("SECRET_KEYS", "abc", "each key is a name of 1 to 32 characters, a colon, and base64; "),
        ("SECRET_KEYS", "k1:abc", "what follows the colon of a key is no base64; "),
        ("SECRET_KEYS", "k1:c2hvcnQ=", "a key has 5 bytes, and needs 32 or more; "),
    ],
)
def test_complaint_says_what_to_write(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, complaint: str
) -> None:
    (problem,) = problems_of(monkeypatch, **{variable: value})

    assert problem.removesuffix("`account-gateway keys new` makes one") == f"GATEWAY_{variable}: {complaint}"


def test_production_names_every_reason_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch, ENVIRONMENT="production", WORKERS="2", COOKIE_SECURE="false", PUBLIC_URL="http://h"
    )

    reasons = errors_of(review_settings(settings))

    for name in ("SECRET_KEYS", "SMS_SENDER", "WORKERS", "COOKIE_SECURE", "PUBLIC_URL"):
        assert sum(reason.startswith(f"GATEWAY_{name} ") for reason in reasons) == 1, name
    assert len(reasons) == 5


def test_production_accepts_what_is_fit_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert review_settings(load(monkeypatch, **GOOD_PRODUCTION)) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"SECRET_KEYS": DEVELOPMENT_SECRET_KEYS},
        {"SECRET_KEYS": f"2026:{SECRET},{DEVELOPMENT_SECRET_KEYS}"},
        {"SECRET_KEYS": f"renamed:{DEVELOPMENT_SECRET_KEYS.partition(':')[2]}"},
        {"SMS_SENDER": "console"},
        {"SMS_HTTP_TOKEN": ""},
        {"SMS_HTTP_URL": ""},
        {"SMS_SENDER": "aliyun"},
        {"COOKIE_SECURE": "0"},
        {"WORKERS": "2"},
        {"PUBLIC_URL": "http://accounts.example.com"},
        {"LIMITS_SCALE": "100"},
        {"ARGON2_MEMORY_KIB": "8"},
        {"ARGON2_MEMORY_KIB": "7168"},
        {"ARGON2_PASSES": "1"},
        {"ARGON2_MEMORY_KIB": "64", "ARGON2_LANES": "16"},
        {"SECRET_KEYS": f"zero:{key_of(bytes(32))}"},
        {"SECRET_KEYS": f"one:{key_of(b'x' * 32)}"},
        {"SECRET_KEYS": f"few:{key_of(b'abcdefgh' * 4)}"},
        {"SECRET_KEYS": f"counted:{key_of(bytes(range(32)))}"},
        {"SECRET_KEYS": f"2026:{SECRET},old:{key_of(bytes(32))}"},
        {"TRUSTED_PROXIES": "0.0.0.0/0"},
        {"TRUSTED_PROXIES": "::/0"},
        {"TRUSTED_PROXIES": "10.0.0.0/8,0.0.0.0/1,128.0.0.0/1"},
        {"TRUSTED_PROXIES": "::ffff:0:0/96"},
        {"TRUSTED_PROXIES": "2000::/3"},
        {"TRUSTED_PROXIES": "64.0.0.0/4"},
        {"ALLOWED_ORIGINS": "https://app.example.com,http://localhost:*"},
    ],
    ids=str,
)
def test_production_refuses_each_reason_by_itself(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]
) -> None:
    assert errors_of(review_settings(load(monkeypatch, **GOOD_PRODUCTION | changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"ARGON2_MEMORY_KIB": "7168", "ARGON2_PASSES": "5"},
        {"ARGON2_MEMORY_KIB": "47104", "ARGON2_PASSES": "1"},
        {"TRUSTED_PROXIES": "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,127.0.0.1,::1"},
        {"TRUSTED_PROXIES": "104.16.0.0/13,2400:cb00::/32,2606:4700::/32"},
    ],
    ids=str,
)
def test_production_takes_what_is_enough(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str]) -> None:
    assert review_settings(load(monkeypatch, **GOOD_PRODUCTION | changes)) == []


def test_production_without_a_trusted_proxy_is_warned_and_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = review_settings(load(monkeypatch, **GOOD_PRODUCTION | {"TRUSTED_PROXIES": ""}))

    assert (found.severity, found.text.partition(" ")[0]) == (Severity.WARNING, "GATEWAY_TRUSTED_PROXIES")


def test_development_is_warned_of_trusting_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = review_settings(load(monkeypatch, TRUSTED_PROXIES="0.0.0.0/0"))

    assert (found.severity, "0.0.0.0/0" in found.text) == (Severity.WARNING, True)


def test_production_may_have_workers_with_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, **GOOD_PRODUCTION, WORKERS="4", DATABASE_URL="postgresql://h/d")

    assert review_settings(settings) == []


def test_development_may_be_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert review_settings(load(monkeypatch, COOKIE_SECURE="false", ARGON2_MEMORY_KIB="8")) == []


def test_safeguards_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    development = load(monkeypatch)
    production = load(monkeypatch, **GOOD_PRODUCTION)

    for fact in ("is_graphiql_served", "is_introspection_allowed", "are_suggestions_shown"):
        assert getattr(development, fact)
        assert not getattr(production, fact)
    assert production.is_cookie_secure
    assert not development.is_cookie_secure


def test_settings_come_from_the_env_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("# mine\nGATEWAY_WORKERS=3\nGATEWAY_PUBLIC_URL='https://h'\nOTHER=1\n")

    assert load(monkeypatch).server.workers == 3
    assert load(monkeypatch).installation.public_url == "https://h"


def test_environment_outdoes_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("GATEWAY_WORKERS=3\n")

    assert load(monkeypatch, WORKERS="2").server.workers == 2


def test_env_file_that_is_no_text_is_a_named_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_bytes(b"GATEWAY_WORKERS=\xff\xfe\x00\n")

    assert any(".env" in problem for problem in problems_of(monkeypatch))


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgresql://u:p@ss:hunter2hunter2@h/d", "WORKERS": "none"},
        {"DATABASE_URL": "oracle://u:hunter2hunter2@h/d"},
        {"DATABASE_URL": "u:hunter2hunter2@h/d"},
        {"REDIS_URL": "redis://u:hunter2hunter2@h:port/0"},
        {"REDIS_URL": "hunter2hunter2"},
        {"SECRET_KEYS": "hunter2hunter2"},
        {"SECRET_KEYS": "a:hunter2hunter2"},
    ],
    ids=str,
)
def test_secret_is_not_repeated_in_a_complaint(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, **variables)

    shown = f"{caught.value} {caught.value!r} {caught.value.problems} {caught.value.__cause__!r}"
    assert "hunter2" not in shown


def test_secrets_are_not_shown_by_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        DATABASE_URL="postgresql://u:hunter2@h/d",
        REDIS_URL="redis://:hunter2@h/0",
        SECRET_KEYS=f"2026:{SECRET}",
        SMS_HTTP_TOKEN="hunter2",
        SMS_ALIYUN_ACCESS_KEY_SECRET="hunter2",
    )

    shown = f"{settings} {settings!r} {asdict(settings)}"
    for name in Settings.groups():
        shown += f"{getattr(settings, name).model_dump()} {getattr(settings, name).model_dump_json()}"
    assert "hunter2" not in shown
    assert SECRET not in shown


def test_settings_cannot_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch)

    with pytest.raises(ValidationError):
        settings.server.workers = 2  # type: ignore[misc]


def test_lists_are_split_at_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch,
        ALLOWED_ORIGINS=" https://App.example.com ,http://localhost:3000,",
        TRUSTED_PROXIES="10.0.0.1/8,::1",
        SMS_COUNTRY_CODES="+86,+852",
    )

    assert settings.edge.allowed_origins == ("https://app.example.com", "http://localhost:3000")
    assert [str(network) for network in settings.proxy_networks] == ["10.0.0.0/8", "::1/128"]
    assert settings.sms.country_codes == ("+86", "+852")


def test_default_port_is_left_out_of_an_origin_as_browsers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(
        monkeypatch, ALLOWED_ORIGINS="https://a.example:443,http://b.example:80,http://c.example:443"
    )

    assert settings.edge.allowed_origins == ("https://a.example", "http://b.example", "http://c.example:443")


@pytest.mark.parametrize(
    "origin",
    [
        "*", "app.example.com", "https://", "https://h/", "ftp://h", "https://h:x", "https://*", "https://*.example.com",
        "https://app.example.com:*", "http://10.0.0.1:*", "http://*:5173", "javascript:alert(1)", "data:,x",
        "wss://h", "capacitor://local host", "://localhost", "nul",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    assert problems_of(monkeypatch, ALLOWED_ORIGINS=origin)


@pytest.mark.parametrize(
    "origin",
    [
        "capacitor://localhost", "ionic://localhost", "tauri://localhost", "null", "chrome-extension://abcdef", "file://",
        "http://localhost:*", "https://localhost:*", "http://127.0.0.1:*", "http://[::1]:*", "https://localhost",
    ],
)  # fmt: skip
def test_origin_of_an_app_or_of_this_machine_may_be_listed(
    monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    assert load(monkeypatch, ALLOWED_ORIGINS=origin.upper()).edge.allowed_origins == (origin,)


def test_empty_is_as_good_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, DATABASE_URL="", REDIS_URL="", TRUSTED_DOCUMENTS="")

    assert (settings.storage.database_url, settings.storage.redis_url) == (None, None)
    assert settings.graphql.trusted_documents is None


@pytest.mark.parametrize(
    ("keys", "names"),
    [(f"b:{SECRET}", ["b"]), (f" new:{SECRET} , old:{key_of(b'o' * 32)} ,", ["new", "old"])],
)
def test_first_key_is_the_active_one(monkeypatch: pytest.MonkeyPatch, keys: str, names: list[str]) -> None:
    assert list(load(monkeypatch, SECRET_KEYS=keys).installation.parse_secret_keys()) == names


@pytest.mark.parametrize(
    "keys",
    [
        "",
        ",",
        "a:",
        f":{SECRET}",
        "a:c2hvcnQ=",
        f"a:{SECRET},a:{SECRET}",
        f"a:{SECRET},b:{SECRET}",
        f"{'n' * 33}:{SECRET}",
        f"a:{SECRET}!",
    ],
)
def test_unusable_keys_are_refused(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    assert problems_of(monkeypatch, SECRET_KEYS=keys)


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.variables().items() if not field.description] == []


@pytest.mark.parametrize(("digits", "is_warned"), [(4, True), (5, True), (6, False), (8, False)])
def test_short_codes_are_warned_of(monkeypatch: pytest.MonkeyPatch, digits: int, is_warned: bool) -> None:
    findings = review_settings(load(monkeypatch, **GOOD_PRODUCTION, SMS_CODE_DIGITS=str(digits)))

    assert [one.severity for one in findings] == [Severity.WARNING] * is_warned


@pytest.mark.parametrize("digits", ["3", "9"])
def test_codes_have_4_to_8_digits(monkeypatch: pytest.MonkeyPatch, digits: str) -> None:
    with pytest.raises(SettingsError):
        load(monkeypatch, SMS_CODE_DIGITS=digits)


def test_defaults_are_those_that_stand_beside_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, ENVIRONMENT="production")

    assert endpoint_options(settings) == EndpointOptions(single_use_fields=SINGLE_USE)
    assert policy_of(settings) == Policy()


# In a process of its own, before the settings are imported: each default beside its rule is made one more.
_EDITED_RULES = """
from dataclasses import fields
from graphql_http import EndpointOptions
from resolvers.policy import Policy

rules = EndpointOptions.__init__.__kwdefaults__
numbers = {name: value for name, value in rules.items() if type(value) is int}
rules.update({name: value + 1 for name, value in numbers.items()})
before = dict(zip([field.name for field in fields(Policy)], Policy.__init__.__defaults__, strict=True))
edited = {name: value + 1 for name, value in before.items() if type(value) is int}
edited["sms_country_codes"] = frozenset({"+852"})
Policy.__init__.__defaults__ = tuple((before | edited).values())

from gateway.app import endpoint_options
from gateway.settings import Settings
from gateway.wiring import policy_of

settings = Settings.load(_env_file=None, environment="production")
options = endpoint_options(settings)
print(sorted(name for name in numbers if getattr(options, name) != numbers[name] + 1))
policy = policy_of(settings)
print(sorted(name for name, value in edited.items() if getattr(policy, name) != value))
"""


def test_editing_a_rules_default_changes_the_settings_default() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _EDITED_RULES], cwd=ROOT, capture_output=True, text=True, check=True
    )

    unchanged_options, unchanged_policy = done.stdout.splitlines()
    assert (unchanged_options, unchanged_policy) == ("[]", "[]")


def test_setting_is_the_variable_of_its_group_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(monkeypatch, SMS_SENDER="http", GRAPHQL_DEPTH="7", ARGON2_LANES="2", GRAPHIQL="false")

    assert (settings.sms.sender, settings.graphql.depth_maximum) == ("http", 7)
    assert (settings.passwords.lanes, settings.is_graphiql_served) == (2, False)
    assert endpoint_options(settings).depth_maximum == 7


def test_no_two_settings_have_one_variable() -> None:
    every = [variable for group in Settings.groups().values() for variable in group.variables()]

    assert len(every) == len(set(every))


def test_value_given_in_code_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_GRAPHQL_DEPTH", "7")

    assert Settings.load(graphql_depth=8).graphql.depth_maximum == 8


def test_value_given_in_code_for_no_setting_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="sms_colour"):
        Settings.load(sms_colour="red")
