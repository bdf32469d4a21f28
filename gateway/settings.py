"""Every setting, read once from the environment or `.env`; the only place that looks there."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from db.database_url import parse_database_url, sqlite_url
from gateway.settings_groups import (
    PREFIX,
    EdgeSettings,
    GraphQLSettings,
    Group,
    InstallationSettings,
    LogSettings,
    PasswordSettings,
    PolicySettings,
    RestSettings,
    ServerSettings,
    SmsSettings,
    StorageSettings,
)

# By pydantic's kind. What was given is repeated only where it can be no secret: of numbers, switches and choices.
_COMPLAINTS = {
    "value_error": "{error}",
    "string_too_short": "this is empty",
    "bool_parsing": "write true or false, not {given!r}",
    "int_parsing": "write a whole number, not {given!r}",
    "greater_than_equal": "at least {ge}, not {given}",
    "less_than_equal": "at most {le}, not {given}",
    "literal_error": "write {expected}, not {given!r}",
}

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """The environment cannot be used; `problems` names everything that is wrong with it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose, in groups, and what follows from it."""

    installation: InstallationSettings
    server: ServerSettings
    edge: EdgeSettings
    storage: StorageSettings
    policy: PolicySettings
    sms: SmsSettings
    passwords: PasswordSettings
    rest: RestSettings
    graphql: GraphQLSettings
    logs: LogSettings

    @classmethod
    def load(cls, *, _env_file: Path | None = Path(".env"), **overrides: object) -> Self:
        """Read the environment. `overrides` go before it; they are named as the variables, without the prefix.

        Raises:
            SettingsError: with every bad value at once. Secret values are not repeated.
        """
        unknown = [name for name in overrides if f"{PREFIX}{name}".upper() not in cls.variables()]
        if unknown:
            raise TypeError(f"no settings: {', '.join(unknown)}")
        chosen: dict[str, Group] = {}
        problems: list[str] = []
        for name, group in cls.groups().items():
            try:
                chosen[name] = _read(group, _env_file, overrides)
            except UnicodeDecodeError:
                raise SettingsError([".env: this is no text in UTF-8"]) from None
            except OSError as error:
                raise SettingsError([f".env cannot be read: {error.strerror}"]) from None
            except ValidationError as error:
                problems += _problems(group, error)
        if problems:
            raise SettingsError(problems)
        return cls(**chosen)  # type: ignore[arg-type]

    @classmethod
    def groups(cls) -> dict[str, type[Group]]:
        """The groups by the names that they have here."""
        return {field.name: field.type for field in fields(cls)}  # type: ignore[misc]

    @classmethod
    def variables(cls) -> dict[str, FieldInfo]:
        """Every setting by its environment variable."""
        return {
            variable: field
            for group in cls.groups().values()
            for variable, field in group.variables().items()
        }

    @property
    def is_production(self) -> bool:
        """Whether every safeguard is on."""
        return self.installation.environment == "production"

    @property
    def is_cookie_secure(self) -> bool:
        """Whether the session cookie is for https only."""
        return self.is_production if self.edge.cookie_secure is None else self.edge.cookie_secure

    @property
    def drain_delay_seconds(self) -> int:
        """How long a stopping server still listens."""
        return (
            (5 if self.is_production else 0)
            if self.server.drain_seconds is None
            else self.server.drain_seconds
        )

    @property
    def is_graphiql_served(self) -> bool:
        """Whether a browser gets GraphiQL."""
        return not self.is_production if self.graphql.graphiql is None else self.graphql.graphiql

    @property
    def is_introspection_allowed(self) -> bool:
        """Whether introspection is answered."""
        return not self.is_production if self.graphql.introspection is None else self.graphql.introspection

    @property
    def are_suggestions_shown(self) -> bool:
        """Whether messages may name what else is in the schema."""
        return not self.is_production if self.graphql.suggestions is None else self.graphql.suggestions

    @property
    def database(self) -> str:
        """The database's URL, the embedded default filled in."""
        if self.storage.database_url is not None:
            return self.storage.database_url.get_secret_value()
        return sqlite_url(self.installation.data_dir.absolute() / "gateway.db")

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is an SQLite file."""
        return parse_database_url(self.database).dialect == "sqlite"

    @property
    def sqlite_path(self) -> Path | None:
        """The database's file; None for a server's, and for a file that a URI names."""
        name = parse_database_url(self.database).url.database
        return Path(name) if self.is_sqlite and name and not name.startswith("file:") else None

    @property
    def keeps_avatars_in_files(self) -> bool:
        """Whether pictures are files; replicas without a shared disk need the database."""
        return self.is_sqlite if self.storage.avatar_store == "auto" else self.storage.avatar_store == "file"

    @property
    def avatars_path(self) -> Path:
        """The folder of the pictures, where they are files."""
        return self.installation.data_dir / "avatars"

    @property
    def inbox_path(self) -> Path:
        """The development inbox: what was sent to nobody."""
        return self.installation.data_dir / "outbox.jsonl"

    @property
    def proxy_networks(self) -> list[IPNetwork]:
        """The trusted proxies, parsed."""
        return [ipaddress.ip_network(network, strict=False) for network in self.edge.trusted_proxies]


def _read(group: type[Group], env_file: Path | None, overrides: Mapping[str, object]) -> Group:
    keys = group.keys()
    own = {
        keys[variable]: value
        for name, value in overrides.items()
        if (variable := f"{PREFIX}{name}".upper()) in keys
    }
    return group(_env_file=env_file, **own)  # type: ignore[arg-type]


def _problems(group: type[Group], error: ValidationError) -> list[str]:
    variables = {key: variable for variable, key in group.keys().items()}
    return [f"{variables[str(details['loc'][0])]}: {_explain(details)}" for details in error.errors()]


def _explain(details: ErrorDetails) -> str:
    form = _COMPLAINTS.get(details["type"])
    return form.format(given=details["input"], **details.get("ctx", {})) if form else details["msg"]
