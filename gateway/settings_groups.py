"""The settings in groups, each beside what it is about; a field is one variable, and its description goes to the docs.

A default stands here only where no rule has one of its own: the others are read from beside their rule.
"""

import base64
import binascii
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.redis_url import parse_redis_url
from adapters.sms.vendor_url import check_vendor_url
from db.database_url import parse_database_url
from db.engine import POOL_SIZE
from gateway.listening import LOOPBACK
from gateway.origins import normalize_listed_origin
from graphql_http import EndpointOptions
from request_bodies import BUDGET_BYTES
from resolvers.messages import SmsNotice
from resolvers.policy import Policy, SmsSignIn
from resolvers.sms_guard import Guard
from resolvers.sms_purposes import FEWEST_DIGITS, MOST_DIGITS, SmsPurpose

PREFIX = "GATEWAY_"

# Known to everybody who can read: for development only, and refused in production.
DEVELOPMENT_SECRET_KEYS = "development:YWNjb3VudC1nYXRld2F5IGRldmVsb3BtZW50IHNlY3JldA=="
_SECRET_MINIMUM_BYTES = 32
_KEY_FORM = "each key is a name of 1 to 32 characters, a colon, and base64"
_NEW_KEY = "`account-gateway keys new` makes one"
_ENDPOINT = EndpointOptions()
_POLICY = Policy()


_CONSENT_FORM = re.compile(r"[A-Za-z0-9_.-]{1,64}=[A-Za-z0-9_.-]{1,32}", re.ASCII)


def _split(value: object) -> object:
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
OptionalSecret = Annotated[SecretStr | None, BeforeValidator(_none_if_empty)]
OptionalPath = Annotated[Path | None, BeforeValidator(_none_if_empty)]


class Group(BaseSettings):
    """Settings of one concern. A field is the variable of its alias, or of the group's prefix and its name.

    A group's docstring is its heading and its first sentence in `docs/settings.md`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    @classmethod
    def keys(cls) -> dict[str, str]:
        """What the constructor calls each variable."""
        prefix = cls.model_config["env_prefix"]
        aliases = {name: field.validation_alias for name, field in cls.model_fields.items()}
        return {
            str(alias or f"{prefix}{name}".upper()): str(alias or name) for name, alias in aliases.items()
        }

    @classmethod
    def variables(cls) -> dict[str, FieldInfo]:
        """Each setting by its environment variable."""
        return dict(zip(cls.keys(), cls.model_fields.values(), strict=True))


class InstallationSettings(Group):
    """Installation: what is the same for every process of one installation."""

    environment: Literal["development", "production"] = Field(
        "development", description="`production` turns every safeguard on and refuses to start without them"
    )
    data_dir: Path = Field(Path("var"), description="folder for all that the embedded default writes")
    secret_keys: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET_KEYS),
        description="`name:base64,…`, each of 32 bytes or more; the first is active, the others still open what they "
        "encrypted",
    )
    public_url: str = Field(
        "",
        description="where clients reach the gateway, such as `https://accounts.example.com`; none: links are relative",
    )

    @field_validator("secret_keys")
    @classmethod
    def _check_secret_keys(cls, value: SecretStr) -> SecretStr:
        parse_secret_keys(value.get_secret_value())
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
            raise ValueError("write scheme://host")
        return value.rstrip("/")

    def parse_secret_keys(self) -> dict[str, bytes]:
        """Key names and secrets, the active one first."""
        return parse_secret_keys(self.secret_keys.get_secret_value())


class ServerSettings(Group):
    """Server: the processes that listen, and how they end."""

    listen_host: str = Field(
        LOOPBACK, min_length=1, description="address to listen on; `localhost` is both 127.0.0.1 and ::1"
    )
    listen_port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0: any that is free")
    workers: int = Field(1, ge=1, le=64, description="worker processes")
    connections: int = Field(
        4096, ge=16, description="connections of each worker; beyond it the answer is 503"
    )
    bodies_in_flight_bytes: int = Field(
        BUDGET_BYTES,
        ge=1_048_576,
        description="request bodies that each worker holds at one time, in memory and in temporary files, in bytes; "
        "a quarter of it for those who are not signed in; beyond it the answer is 503",
    )
    keep_alive_seconds: int = Field(
        75,
        ge=1,
        le=3600,
        description="idle connections are closed after it; above what your proxy keeps them",
    )
    shutdown_grace_seconds: int = Field(
        10, ge=0, le=300, description="how long requests in flight may take to end"
    )
    drain_seconds: int | None = Field(
        None,
        ge=0,
        le=300,
        description="how long `/readyz` says 503 after SIGTERM before the server stops listening; none: 5 in "
        "production, else 0",
    )
    metrics: bool = Field(
        default=False, description="serve Prometheus metrics at `/metrics`; keep it from the public"
    )


class EdgeSettings(Group):
    """Edge: who is believed about a client, and which pages may call."""

    allowed_origins: Words = Field(
        (),
        description="origins of other sites whose pages may call, such as `https://app.example.com`, with commas; also "
        "of apps (`capacitor://localhost`, `null`), which get bearer tokens only, and in development `http://localhost:*`",
    )
    trusted_proxies: Words = Field(
        (), description="addresses or networks whose `X-Forwarded-For` is believed, with commas"
    )
    cookie_secure: bool | None = Field(
        None, description="the session cookie is sent over https only; none: on in production"
    )

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normalize_listed_origin(origin) for origin in value)

    @field_validator("trusted_proxies")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            try:
                ipaddress.ip_network(network, strict=False)
            except ValueError as error:
                raise ValueError(f"{network!r} is no address or network") from error
        return value


class StorageSettings(Group):
    """Storage: where accounts, short-lived state and pictures are kept."""

    database_url: OptionalSecret = Field(
        None, description="`postgresql://…`, `mysql://…` or `sqlite:///…`; none: SQLite in the data directory"
    )
    database_pool_size: int = Field(
        POOL_SIZE, ge=1, le=200, description="database connections of each worker"
    )
    redis_url: OptionalSecret = Field(
        None,
        description="`redis://…`, `rediss://…`, `redis+sentinel://host:port,host:port/master/0` or "
        "`redis+cluster://host:port,…`; none: short-lived state is kept in the database",
    )
    avatar_store: Literal["auto", "file", "database"] = Field(
        "auto", description="`auto`: files in the data directory with SQLite, the database with a server"
    )
    purge_time_percent: int = Field(
        20,
        ge=5,
        le=100,
        description="largest share of its time that one worker spends on deleting what has expired, in percent",
    )

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_database_url(value.get_secret_value())
        return value

    @field_validator("redis_url")
    @classmethod
    def _check_redis_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_redis_url(value.get_secret_value())
        return value


class PolicySettings(Group):
    """Policy: what an operator may set of the rules of accounts."""

    sudo_seconds: int = Field(
        _POLICY.sudo_seconds,
        ge=60,
        le=86_400,
        description="how long a proof of who is signed in counts as fresh, for what needs a fresh one, in seconds",
    )
    consents: Words = Field(
        (),
        description="what people agree to who register or sign in by SMS code at the GraphQL door, such as "
        "`terms=2026-01,privacy=3`; REST neither asks nor records",
    )
    new_device_notice: bool = Field(
        default=_POLICY.new_device_notice,
        description="tell an account's owner by SMS of a sign-in on a device that is new to it",
    )
    audit_days: int = Field(_POLICY.audit_days, ge=1, description="how many days the audit trail is kept")
    captcha_audio: bool = Field(
        default=False,
        description="speak captchas too; a program reads the sound every time, so it costs what it protects",
    )
    limits_scale: int = Field(
        1,
        ge=1,
        le=1_000_000,
        description="development only: every limit allows this many times as much, for end-to-end tests",
    )

    @field_validator("consents")
    @classmethod
    def _check_consents(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        names = [entry.partition("=")[0] for entry in value]
        for entry in value:
            if not _CONSENT_FORM.fullmatch(entry):
                raise ValueError(f"{entry!r} is no document=version; write terms=2026-01")
        if len(set(names)) < len(names):
            raise ValueError("a document is named twice; name the version that is asked for")
        return value


class SmsSettings(Group):
    """SMS: who sends the codes, and how much may be spent on them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "SMS_")

    sender: Literal["console", "http", "aliyun"] = Field(
        "console", description="who sends the SMS codes; `console` only writes them to the outbox"
    )
    country_codes: Words = Field(
        tuple(sorted(_POLICY.sms_country_codes)),
        description="calling codes that SMS are sent to, with commas",
    )
    code_digits: int = Field(
        _POLICY.sms_code_digits,
        ge=FEWEST_DIGITS,
        le=MOST_DIGITS,
        description="digits of a code to register; codes that open an account have 6 or more",
    )
    sign_in: SmsSignIn = Field(
        _POLICY.sms_sign_in,
        description="whether a right code to sign in also makes accounts (`register`), or not (`existing`); `off`: "
        "nobody signs in by SMS code",
    )
    daily_ceiling: int = Field(
        _POLICY.sms_daily_ceiling, ge=0, description="SMS of the whole installation in a day"
    )
    dry_guards: Words = Field(
        (), description="guards on SMS spending that only log: `country`, `ceiling`, `breaker`, with commas"
    )
    http_url: str = Field("", description="where the `http` sender posts its messages")
    http_token: SecretStr = Field(SecretStr(""), description="bearer token of the `http` sender")
    aliyun_access_key_id: str = Field("", description="Alibaba Cloud access key of the `aliyun` sender")
    aliyun_access_key_secret: SecretStr = Field(SecretStr(""), description="its secret")
    aliyun_sign_name: str = Field("", description="the approved signature of its messages")
    aliyun_template_code: str = Field("", description="the approved template; its variable is `code`")
    aliyun_purpose_templates: Words = Field(
        (),
        description="templates of single purposes and notices, such as `register=SMS_1,password_changed=SMS_2`; "
        "that of a notice has no variable, and without one it is not sent",
    )

    @field_validator("country_codes")
    @classmethod
    def _check_country_codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not (code.startswith("+") and code[1:].isdigit()):
                raise ValueError(f"{code!r} is no calling code; write +86")
        return value

    @field_validator("aliyun_purpose_templates")
    @classmethod
    def _check_purpose_templates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            purpose, _, template = entry.partition("=")
            if purpose not in {*SmsPurpose, *SmsNotice} or not template:
                purposes = ", ".join([*SmsPurpose, *SmsNotice])
                raise ValueError(f"{entry!r} is no purpose=template; purposes: {purposes}")
        return value

    @field_validator("dry_guards")
    @classmethod
    def _check_guards(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for guard in value:
            if guard not in get_args(Guard):
                raise ValueError(f"{guard!r} is no guard; write {', '.join(get_args(Guard))}")
        return value

    @field_validator("http_url")
    @classmethod
    def _check_http_url(cls, value: str) -> str:
        if value:
            check_vendor_url(value)
        return value


class PasswordSettings(Group):
    """Passwords: what one hash costs, by the parameters of argon2id."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "ARGON2_")

    memory_kib: int = Field(19456, ge=8, le=4_194_304, description="memory of one password hash, in KiB")
    passes: int = Field(2, ge=1, le=100, description="passes of one password hash")
    lanes: int = Field(1, ge=1, le=16, description="lanes of one password hash")


class RestSettings(Group):
    """REST shim: what it takes from old pages, and how it answers them."""

    model_config = SettingsConfigDict(env_prefix=PREFIX + "REST_")

    dialect: Literal["documented", "ihome"] = Field(
        "documented", description="which pages the REST shim speaks to"
    )
    refuse_common_passwords: bool = Field(
        default=False, description="refuse the commonest passwords at the REST shim too"
    )


class GraphQLSettings(Group):
    """GraphQL: what the endpoint serves, and what one request may cost."""

    graphiql: bool | None = Field(None, description="serve GraphiQL at `/graphql`; none: in development only")
    introspection: bool | None = Field(None, description="answer introspection; none: in development only")
    suggestions: bool | None = Field(
        None, description="say `Did you mean` in messages; none: in development only"
    )
    trusted_documents: OptionalPath = Field(
        None, description="manifest of trusted GraphQL documents (Apollo or Relay)"
    )
    trusted_documents_mode: Literal["prefer", "only"] = Field(
        "prefer", description="`only`: run no GraphQL document that is not in the manifest"
    )
    persisted_queries: bool = Field(default=True, description="serve Apollo's automatic persisted queries")
    body_maximum_bytes: int = Field(
        _ENDPOINT.body_maximum_bytes,
        validation_alias=PREFIX + "GRAPHQL_BODY_BYTES",
        ge=1024,
        description="largest GraphQL body, in bytes",
    )
    upload_maximum_bytes: int = Field(
        _ENDPOINT.upload_maximum_bytes,
        validation_alias=PREFIX + "GRAPHQL_UPLOAD_BYTES",
        ge=1024,
        description="largest GraphQL upload, in bytes",
    )
    variables_maximum_bytes: int = Field(
        _ENDPOINT.variables_maximum_bytes,
        validation_alias=PREFIX + "GRAPHQL_VARIABLES_BYTES",
        ge=256,
        description="largest `variables`, in bytes",
    )
    tokens_maximum: int = Field(
        _ENDPOINT.tokens_maximum,
        validation_alias=PREFIX + "GRAPHQL_TOKENS",
        ge=10,
        description="tokens of a document",
    )
    depth_maximum: int = Field(
        _ENDPOINT.depth_maximum,
        validation_alias=PREFIX + "GRAPHQL_DEPTH",
        ge=1,
        description="nesting of a document's fields",
    )
    aliases_maximum: int = Field(
        _ENDPOINT.aliases_maximum,
        validation_alias=PREFIX + "GRAPHQL_ALIASES",
        ge=0,
        description="aliases of a document",
    )
    root_fields_maximum: int = Field(
        _ENDPOINT.root_fields_maximum,
        validation_alias=PREFIX + "GRAPHQL_ROOT_FIELDS",
        ge=1,
        description="top-level fields of a document",
    )
    mutations_maximum: int = Field(
        _ENDPOINT.mutations_maximum,
        validation_alias=PREFIX + "GRAPHQL_MUTATIONS",
        ge=1,
        description="mutations of one request",
    )
    directives_maximum: int = Field(
        _ENDPOINT.directives_maximum,
        validation_alias=PREFIX + "GRAPHQL_DIRECTIVES",
        ge=0,
        description="directives of a document",
    )
    directives_per_field_maximum: int = Field(
        _ENDPOINT.directives_per_field_maximum,
        validation_alias=PREFIX + "GRAPHQL_DIRECTIVES_PER_FIELD",
        ge=0,
        description="directives at one place",
    )
    literals_maximum_characters: int = Field(
        _ENDPOINT.literals_maximum_characters,
        validation_alias=PREFIX + "GRAPHQL_LITERAL_CHARACTERS",
        ge=256,
        description="text in a document's string literals, summed",
    )
    selections_maximum: int = Field(
        _ENDPOINT.selections_maximum,
        validation_alias=PREFIX + "GRAPHQL_SELECTIONS",
        ge=10,
        description="fields and spreads with every fragment written out",
    )
    overlap_steps_maximum: int = Field(
        _ENDPOINT.overlap_steps_maximum,
        validation_alias=PREFIX + "GRAPHQL_OVERLAP_STEPS",
        ge=100,
        description="steps of comparing fields of one response name",
    )
    files_maximum: int = Field(
        _ENDPOINT.files_maximum,
        validation_alias=PREFIX + "GRAPHQL_FILES",
        ge=1,
        description="files of one upload",
    )
    reported_errors_maximum: int = Field(
        _ENDPOINT.reported_errors_maximum,
        validation_alias=PREFIX + "GRAPHQL_ERRORS",
        ge=1,
        le=100,
        description="errors that one answer tells of",
    )
    batch_maximum: int = Field(
        _ENDPOINT.batch_maximum,
        validation_alias=PREFIX + "GRAPHQL_BATCH",
        ge=0,
        le=100,
        description="operations in one JSON array; 0: batching is off",
    )
    document_cache_bytes: int = Field(
        _ENDPOINT.document_cache_bytes,
        validation_alias=PREFIX + "GRAPHQL_DOCUMENT_CACHE_BYTES",
        ge=65_536,
        description="memory for prepared documents, in bytes",
    )


class LogSettings(Group):
    """Logs: what is written to standard error."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least that is logged"
    )
    access_log: bool = Field(default=True, description="log a line for each request")


def parse_secret_keys(text: str) -> dict[str, bytes]:
    """Key names and secrets, in the order of `text`.

    Raises:
        ValueError: it says what is wrong, and repeats nothing of a secret.
    """
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, colon, encoded = entry.partition(":")
        if not (colon and 0 < len(name) <= 32):
            raise ValueError(f"{_KEY_FORM}; {_NEW_KEY}")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError(f"what follows the colon of a key is no base64; {_NEW_KEY}") from error
        if len(secret) < _SECRET_MINIMUM_BYTES:
            raise ValueError(
                f"a key has {len(secret)} bytes, and needs {_SECRET_MINIMUM_BYTES} or more; {_NEW_KEY}"
            )
        if name in keys:
            raise ValueError("two keys have one name")
        twin = next((other for other, known in keys.items() if known == secret), None)
        if twin is not None:
            raise ValueError(f"`{twin}` and `{name}` are one key under two names; take one out")
        keys[name] = secret
    if not keys:
        raise ValueError(f"at least one key is needed; {_NEW_KEY}")
    return keys
