"""Every setting, read once from the environment or `.env`; the only place that looks there."""

import base64
import binascii
import ipaddress
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.redis_url import parse_redis_url
from adapters.sms.vendor_url import check_vendor_url
from db.database_url import parse_database_url, sqlite_url
from gateway.origins import normalize_listed_origin
from graphql_http import EndpointOptions
from request_bodies import BUDGET_BYTES
from resolvers.context import Policy
from resolvers.limits import sms_ceiling
from resolvers.sms_purposes import FEWEST_DIGITS, MOST_DIGITS, SmsPurpose

PREFIX = "GATEWAY_"

# Known to everybody who can read: for development only, and refused in production.
DEVELOPMENT_SECRET_KEYS = "development:YWNjb3VudC1nYXRld2F5IGRldmVsb3BtZW50IHNlY3JldA=="
_SECRET_MINIMUM_BYTES = 32
# Each default stands beside its rule; what is here is only how it may be changed.
_ENDPOINT = EndpointOptions()
_POLICY = Policy()

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Words = Annotated[tuple[str, ...], NoDecode]


class SettingsError(Exception):
    """The environment cannot be used; `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What an operator may choose. Each field is the variable `GATEWAY_<NAME>`; its description goes to the README."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    environment: Literal["development", "production"] = Field(
        "development", description="`production` turns every safeguard on and refuses to start without them"
    )
    data_dir: Path = Field(Path("var"), description="folder for all that the embedded default writes")
    database_url: SecretStr | None = Field(
        None, description="`postgresql://…`, `mysql://…` or `sqlite:///…`; none: SQLite in the data directory"
    )
    database_pool_size: int = Field(10, ge=1, le=200, description="database connections of each worker")
    redis_url: SecretStr | None = Field(
        None,
        description="`redis://…`, `rediss://…`, `redis+sentinel://host:port,host:port/master/0` or "
        "`redis+cluster://host:port,…`; none: short-lived state is kept in the database",
    )
    secret_keys: SecretStr = Field(
        SecretStr(DEVELOPMENT_SECRET_KEYS),
        description="`name:base64,…`, each of 32 bytes or more; the first is active, the others still open what they "
        "encrypted",
    )
    public_url: str = Field(
        "",
        description="where clients reach the gateway, such as `https://accounts.example.com`; none: links are relative",
    )
    listen_host: str = Field(
        "localhost", min_length=1, description="address to listen on; `localhost` is both 127.0.0.1 and ::1"
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
        "a quarter of it for who is not signed in; beyond it the answer is 503",
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
    keep_alive_seconds: int = Field(
        75,
        ge=1,
        le=3600,
        description="idle connections are closed after it; above what your proxy keeps them",
    )
    allowed_origins: Words = Field(
        (),
        description="origins of other sites whose pages may call, such as `https://app.example.com`, with commas; also "
        "of apps (`capacitor://localhost`, `null`), which get bearer tokens only, and in development `http://localhost:*`",
    )
    limits_scale: int = Field(
        1,
        ge=1,
        le=1_000_000,
        description="development only: every limit allows this many times as much, for end-to-end tests",
    )
    trusted_proxies: Words = Field(
        (), description="addresses or networks whose `X-Forwarded-For` is believed, with commas"
    )
    cookie_secure: bool | None = Field(
        None, description="the session cookie is sent over https only; none: on in production"
    )
    rest_dialect: Literal["documented", "ihome"] = Field(
        "documented", description="which pages the REST shim speaks to"
    )
    rest_refuse_common_passwords: bool = Field(
        default=False, description="refuse the commonest passwords at the REST shim too"
    )
    sms_sender: Literal["console", "http", "aliyun"] = Field(
        "console", description="who sends the SMS codes; `console` only writes them to the outbox"
    )
    sms_country_codes: Words = Field(
        tuple(sorted(_POLICY.sms_country_codes)),
        description="calling codes that SMS are sent to, with commas",
    )
    sms_code_digits: int = Field(
        6,
        ge=FEWEST_DIGITS,
        le=MOST_DIGITS,
        description="digits of a code to register; codes that open an account have 6 or more",
    )
    captcha_audio: bool = Field(
        default=False,
        description="speak captchas too; a program reads the sound every time, so it costs what it protects",
    )
    sms_daily_ceiling: int = Field(
        sms_ceiling(_POLICY.limits), ge=0, description="SMS of the whole installation in a day"
    )
    sms_dry_guards: Words = Field(
        (), description="guards on SMS spending that only log: `country`, `ceiling`, `breaker`, with commas"
    )
    metrics: bool = Field(
        default=False, description="serve Prometheus metrics at `/metrics`; keep it from the public"
    )
    sms_http_url: str = Field("", description="where the `http` sender posts its messages")
    sms_http_token: SecretStr = Field(SecretStr(""), description="bearer token of the `http` sender")
    sms_aliyun_access_key_id: str = Field("", description="Alibaba Cloud access key of the `aliyun` sender")
    sms_aliyun_access_key_secret: SecretStr = Field(SecretStr(""), description="its secret")
    sms_aliyun_sign_name: str = Field("", description="the approved signature of its messages")
    sms_aliyun_template_code: str = Field("", description="the approved template; its variable is `code`")
    sms_aliyun_purpose_templates: Words = Field(
        (),
        description="templates of single purposes, such as `register=SMS_1,login=SMS_2`",
    )
    avatar_store: Literal["auto", "file", "database"] = Field(
        "auto", description="`auto`: files in the data directory with SQLite, the database with a server"
    )
    audit_days: int = Field(_POLICY.audit_days, ge=1, description="how many days the audit trail is kept")
    purge_time_percent: int = Field(
        20,
        ge=5,
        le=100,
        description="largest share of its time that one worker spends on deleting what has expired, in percent",
    )
    argon2_memory_kib: int = Field(
        19456, ge=8, le=4_194_304, description="memory of one password hash, in KiB"
    )
    argon2_passes: int = Field(2, ge=1, le=100, description="passes of one password hash")
    argon2_lanes: int = Field(1, ge=1, le=16, description="lanes of one password hash")
    graphiql: bool | None = Field(None, description="serve GraphiQL at `/graphql`; none: in development only")
    introspection: bool | None = Field(None, description="answer introspection; none: in development only")
    suggestions: bool | None = Field(
        None, description="say `Did you mean` in messages; none: in development only"
    )
    trusted_documents: Path | None = Field(
        None, description="manifest of trusted GraphQL documents (Apollo or Relay)"
    )
    trusted_documents_mode: Literal["prefer", "only"] = Field(
        "prefer", description="`only`: run no GraphQL document that is not in the manifest"
    )
    persisted_queries: bool = Field(default=True, description="serve Apollo's automatic persisted queries")
    graphql_body_bytes: int = Field(
        _ENDPOINT.body_maximum_bytes, ge=1024, description="largest GraphQL body, in bytes"
    )
    graphql_upload_bytes: int = Field(
        _ENDPOINT.upload_maximum_bytes, ge=1024, description="largest GraphQL upload, in bytes"
    )
    graphql_variables_bytes: int = Field(
        _ENDPOINT.variables_maximum_bytes, ge=256, description="largest `variables`, in bytes"
    )
    graphql_tokens: int = Field(_ENDPOINT.tokens_maximum, ge=10, description="tokens of a document")
    graphql_depth: int = Field(_ENDPOINT.depth_maximum, ge=1, description="nesting of a document's fields")
    graphql_aliases: int = Field(_ENDPOINT.aliases_maximum, ge=0, description="aliases of a document")
    graphql_root_fields: int = Field(
        _ENDPOINT.root_fields_maximum, ge=1, description="top-level fields of a document"
    )
    graphql_mutations: int = Field(_ENDPOINT.mutations_maximum, ge=1, description="mutations of one request")
    graphql_directives: int = Field(
        _ENDPOINT.directives_maximum, ge=0, description="directives of a document"
    )
    graphql_directives_per_field: int = Field(
        _ENDPOINT.directives_per_field_maximum, ge=0, description="directives at one place"
    )
    graphql_literal_characters: int = Field(
        _ENDPOINT.literals_maximum_characters,
        ge=256,
        description="text in a document's string literals, summed",
    )
    graphql_selections: int = Field(
        _ENDPOINT.selections_maximum, ge=10, description="fields and spreads with every fragment written out"
    )
    graphql_overlap_steps: int = Field(
        _ENDPOINT.overlap_steps_maximum, ge=100, description="steps of comparing fields of one response name"
    )
    graphql_files: int = Field(_ENDPOINT.files_maximum, ge=1, description="files of one upload")
    graphql_errors: int = Field(
        _ENDPOINT.reported_errors_maximum, ge=1, le=100, description="errors that one answer tells of"
    )
    graphql_batch: int = Field(
        _ENDPOINT.batch_maximum, ge=0, le=100, description="operations in one JSON array; 0: batching is off"
    )
    graphql_document_cache_bytes: int = Field(
        _ENDPOINT.document_cache_bytes, ge=65_536, description="memory for prepared documents, in bytes"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="the least that is logged"
    )
    access_log: bool = Field(default=True, description="log a line for each request")

    @field_validator(
        "allowed_origins",
        "trusted_proxies",
        "sms_aliyun_purpose_templates",
        "sms_country_codes",
        "sms_dry_guards",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(word.strip() for word in value.split(",") if word.strip())
        return value

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

    @field_validator("sms_country_codes")
    @classmethod
    def _check_country_codes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for code in value:
            if not (code.startswith("+") and code[1:].isdigit()):
                raise ValueError(f"{code!r} is no calling code; write +86")
        return value

    @field_validator("sms_aliyun_purpose_templates")
    @classmethod
    def _check_purpose_templates(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            purpose, _, template = entry.partition("=")
            if purpose not in set(SmsPurpose) or not template:
                raise ValueError(f"{entry!r} is no purpose=template; purposes: {', '.join(SmsPurpose)}")
        return value

    @field_validator("sms_dry_guards")
    @classmethod
    def _check_guards(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for guard in value:
            if guard not in {"country", "ceiling", "breaker"}:
                raise ValueError(f"{guard!r} is no guard; write country, ceiling or breaker")
        return value

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

    @field_validator("sms_http_url")
    @classmethod
    def _check_sms_http_url(cls, value: str) -> str:
        if value:
            check_vendor_url(value)
        return value

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

    @field_validator("database_url", "redis_url", "trusted_documents", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object, info: ValidationInfo) -> object:
        del info
        return None if value == "" else value

    @classmethod
    def load(cls, **overrides: object) -> Self:
        """Read the environment.

        Raises:
            SettingsError: with every bad value at once. Secret values are not repeated.
        """
        try:
            return cls(**overrides)  # type: ignore[arg-type]
        except UnicodeDecodeError:
            raise SettingsError([".env: this is no text in UTF-8"]) from None
        except OSError as error:
            raise SettingsError([f".env cannot be read: {error.strerror}"]) from None
        except ValidationError as error:
            raise SettingsError(
                [_problem(dict(details)) for details in error.errors(include_input=False)]
            ) from None

    @property
    def is_production(self) -> bool:
        """Whether every safeguard is on."""
        return self.environment == "production"

    @property
    def is_cookie_secure(self) -> bool:
        """Whether the session cookie is for https only."""
        return self.is_production if self.cookie_secure is None else self.cookie_secure

    @property
    def drain_delay_seconds(self) -> int:
        """How long a stopping server still listens."""
        return (5 if self.is_production else 0) if self.drain_seconds is None else self.drain_seconds

    @property
    def is_graphiql_served(self) -> bool:
        """Whether a browser gets GraphiQL."""
        return not self.is_production if self.graphiql is None else self.graphiql

    @property
    def is_introspection_allowed(self) -> bool:
        """Whether introspection is answered."""
        return not self.is_production if self.introspection is None else self.introspection

    @property
    def are_suggestions_shown(self) -> bool:
        """Whether messages may name what else is in the schema."""
        return not self.is_production if self.suggestions is None else self.suggestions

    @property
    def database(self) -> str:
        """The database's URL, the embedded default filled in."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return sqlite_url(self.data_dir.absolute() / "gateway.db")

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is an SQLite file."""
        return parse_database_url(self.database).dialect == "sqlite"

    @property
    def keeps_avatars_in_files(self) -> bool:
        """Whether pictures are files; replicas without a shared disk need the database."""
        return self.is_sqlite if self.avatar_store == "auto" else self.avatar_store == "file"

    @property
    def outbox_path(self) -> Path:
        """The development outbox."""
        return self.data_dir / "outbox.jsonl"

    @property
    def proxy_networks(self) -> list[IPNetwork]:
        """The trusted proxies, parsed."""
        return [ipaddress.ip_network(network, strict=False) for network in self.trusted_proxies]

    def parse_secret_keys(self) -> dict[str, bytes]:
        """Key names and secrets, the active one first."""
        return parse_secret_keys(self.secret_keys.get_secret_value())


def parse_secret_keys(text: str) -> dict[str, bytes]:
    """Key names and secrets, in the order of `text`.

    Raises:
        ValueError: it says what is wrong, and repeats nothing of a secret.
    """
    keys: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, encoded = entry.partition(":")
        try:
            secret = base64.b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise ValueError("each key is name:base64") from error
        if not name or len(name) > 32 or len(secret) < _SECRET_MINIMUM_BYTES:
            raise ValueError(
                "each key is a name of 1 to 32 characters, a colon, and 32 bytes or more in base64"
            )
        if name in keys:
            raise ValueError("two keys have one name")
        twin = next((other for other, known in keys.items() if known == secret), None)
        if twin is not None:
            raise ValueError(f"`{twin}` and `{name}` are one key under two names; take one out")
        keys[name] = secret
    if not keys:
        raise ValueError("at least one key is needed")
    return keys


def _problem(details: dict[str, Any]) -> str:
    name = PREFIX + "_".join(str(part) for part in details["loc"]).upper()
    return f"{name}: {details['msg']}"
