"""What `check` tries, and what `serve` tries before it starts: settings, files, the database; `check` also the rest."""

import difflib
import os
import re
import secrets
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from dotenv import dotenv_values

from db.engine import Database, DatabaseUnavailableError, Unwatched
from db.failures import explain
from db.inspection import DATABASE_ERRORS, find_connection_limit, list_missing
from db.revisions import UnknownRevisionError, current_revision, head_revision
from gateway.findings import Finding, error, note, outage, warning
from gateway.parts import utc_now
from gateway.settings import Settings
from gateway.settings_groups import PREFIX
from gateway.settings_review import review_settings
from gateway.timeouts import Timeouts
from gateway.wiring import make_avatar_store, make_database, make_key_ring, open_state
from graphql_http import ManifestError, load_manifest
from resolvers.key_checks import find_key_problems
from resolvers.ports import AvatarStore, AvatarStoreError, SmsSenderError, StateStore, StateStoreError

# What Kubernetes sets for a Service named `gateway`. Source: Kubernetes, "Accessing the Service".
_OF_KUBERNETES = re.compile(
    r"(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)

# Commands that are run beside the service need connections too.
_SPARE_CONNECTIONS = 3


async def find_errors(settings: Settings, *, is_migrated_later: bool = False) -> list[Finding]:
    """What keeps `serve` from starting, and what is odd beside it; nothing is made or changed.

    Where the database `is_migrated_later`, as development's `serve` does by itself, an old schema is no error.
    """
    directory_problems = find_directory_problems(settings)
    findings = (
        review_variables() + review_settings(settings) + directory_problems + _review_manifest(settings)
    )
    if settings.is_sqlite and directory_problems:
        return findings
    database = make_database(settings, pool_size=1)
    try:
        return findings + await review_database(settings, database, is_migrated_later=is_migrated_later)
    finally:
        await database.aclose()


async def find_outages(settings: Settings) -> list[Finding]:
    """Everything else that the service depends on, tried as it would use it; nothing is sent to anybody."""
    findings: list[Finding] = []
    async with AsyncExitStack() as stack:
        database = make_database(settings, pool_size=1)
        stack.push_async_callback(database.aclose)
        # Without its tables, what is kept in the database fails for a reason that has been told.
        has_tables = not find_directory_problems(settings) and not await find_schema_problems(database)
        if has_tables or settings.storage.redis_url is not None:
            findings += await _try_state(open_state(settings, database, utc_now, stack, watcher=Unwatched()))
        if has_tables and not settings.keeps_avatars_in_files:
            findings += await _try_avatars(make_avatar_store(settings, database))
    return findings + await _try_vendor(settings)


def review_variables() -> list[Finding]:
    """Variables with our prefix that are no setting, in the environment or in `.env`: most likely misspelt."""
    known = Settings.variables()
    names = {*os.environ, *dotenv_values(".env", interpolate=False)}
    unknown = sorted(name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [note(_about_variable(name, sorted(known))) for name in unknown]


def _about_variable(name: str, known: list[str]) -> str:
    if _OF_KUBERNETES.fullmatch(name.removeprefix(PREFIX)):
        return f"{name} is no setting; Kubernetes sets it for a Service named `gateway`, and it does nothing here"
    near = difflib.get_close_matches(name.upper(), known, n=1)
    return f"{name} is no setting; " + (f"is {near[0]} meant?" if near else "is it spelt right?")


def make_data_directory(settings: Settings) -> list[Finding]:
    """Make the data directory, for its owner alone; why it cannot be used, if so."""
    with suppress(OSError):  # told below
        settings.installation.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return find_directory_problems(settings)


def find_directory_problems(settings: Settings) -> list[Finding]:
    """Why the data directory and the folder of the pictures cannot be used, or made; nothing is left behind."""
    folders = [settings.installation.data_dir]
    if settings.keeps_avatars_in_files:
        folders.append(settings.avatars_path)
    for folder in folders:
        if reason := _why_not_writable(folder):
            return [error(f"{folder.absolute()} cannot be written to ({reason}); see GATEWAY_DATA_DIR")]
    path = settings.sqlite_path
    if path is not None and settings.storage.database_url is not None and not path.parent.is_dir():
        return [error(f"{path.parent} is no folder; make it, or change GATEWAY_DATABASE_URL")]
    return []


def _why_not_writable(folder: Path) -> str | None:
    try:
        nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        with NamedTemporaryFile(dir=nearest):
            return None
    except OSError as problem:
        return problem.strerror


def _review_manifest(settings: Settings) -> list[Finding]:
    if settings.graphql.trusted_documents is None:
        return []
    try:
        load_manifest(settings.graphql.trusted_documents)
    except ManifestError as problem:
        return [error(f"GATEWAY_TRUSTED_DOCUMENTS={settings.graphql.trusted_documents}: {problem}")]
    return []


async def review_database(
    settings: Settings, database: Database, *, is_migrated_later: bool
) -> list[Finding]:
    """What is wrong with the database: its schema, the keys of what is encrypted in it, and its connections."""
    try:
        problems = await find_schema_problems(database, is_migrated_later=is_migrated_later)
        if problems:
            return problems
        keys = await find_key_problems(database, make_key_ring(settings))
        findings = [error(f"GATEWAY_SECRET_KEYS: {text}") for text in keys]
        return findings + await _review_connections(settings, database)
    except DATABASE_ERRORS as problem:
        return [error(f"the database refuses ({explain(problem)}); see GATEWAY_DATABASE_URL")]


async def find_schema_problems(database: Database, *, is_migrated_later: bool = False) -> list[Finding]:
    """Whether the database answers and has the tables that this version needs."""
    try:
        revision = await current_revision(database)
        if revision == head_revision():
            return _about_missing(await list_missing(database))
    except DatabaseUnavailableError as problem:
        return [error(f"the database does not answer ({problem}); see GATEWAY_DATABASE_URL")]
    except UnknownRevisionError as problem:
        return [newer_schema(problem)]
    except DATABASE_ERRORS as problem:
        return [error(f"the database refuses ({explain(problem)}); see GATEWAY_DATABASE_URL")]
    at = f"the database is {f'at revision {revision}' if revision else 'empty'}, not at revision {head_revision()}"
    if is_migrated_later:
        return [note(f"{at}; in development `serve` migrates it when it starts")]
    return [error(f"{at}; run `account-gateway migrate`")]


def newer_schema(problem: UnknownRevisionError) -> Finding:
    """What to say of a database that another version has migrated."""
    return error(
        f"the database is at revision {problem}, which this version does not know; install the newer version"
    )


def _about_missing(missing: list[str]) -> list[Finding]:
    return [
        error(
            f"the database says it is at revision {head_revision()}, but lacks the {what}; restore it from a backup"
        )
        for what in missing
    ]


async def _review_connections(settings: Settings, database: Database) -> list[Finding]:
    limit = await find_connection_limit(database)
    workers, pool_size = settings.server.workers, settings.storage.database_pool_size
    wanted = workers * pool_size
    if limit is None or wanted + _SPARE_CONNECTIONS <= limit:
        return []
    text = (
        f"GATEWAY_WORKERS={workers} with GATEWAY_DATABASE_POOL_SIZE={pool_size} may open "
        f"{wanted} connections, and the database allows {limit}; lower one of them, or raise max_connections"
    )
    return [error(text) if wanted > limit else warning(f"{text}: nothing is left for commands")]


async def _try_state(state: StateStore) -> list[Finding]:
    key = f"check:{secrets.token_hex(8)}"
    try:
        await state.put(key, "1", 5)
        if await state.take(key) != "1":
            return [error("the state store forgets what it is given; see GATEWAY_REDIS_URL")]
    except (StateStoreError, *DATABASE_ERRORS) as problem:
        cause = explain(problem.__cause__ or problem)
        return [outage(f"the state store does not answer ({cause}); see GATEWAY_REDIS_URL")]
    return []


async def _try_avatars(avatars: AvatarStore) -> list[Finding]:
    key = secrets.token_hex(32)
    try:
        await avatars.put(key, b"check")
        await avatars.delete(key)
    except (AvatarStoreError, *DATABASE_ERRORS) as problem:
        cause = explain(problem.__cause__ or problem)
        return [outage(f"pictures cannot be stored ({cause}); see GATEWAY_AVATAR_STORE")]
    return []


async def _try_vendor(settings: Settings) -> list[Finding]:
    if settings.sms.sender == "console" or (settings.sms.sender == "http" and not settings.sms.http_url):
        return []
    # The vendors' HTTP client costs time and memory that only who uses it should pay.
    from gateway.senders import reach_vendor  # noqa: PLC0415

    try:
        await reach_vendor(settings, Timeouts().sms_vendor_seconds)
    except SmsSenderError as problem:
        setting = "GATEWAY_SMS_HTTP_URL" if settings.sms.sender == "http" else "GATEWAY_SMS_SENDER"
        return [outage(f"the SMS vendor cannot be reached ({problem}); see {setting}")]
    return []
