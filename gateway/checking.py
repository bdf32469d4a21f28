"""What `check` tries: every setting, and every dependency as the service itself would use it."""

import os
import secrets
from tempfile import NamedTemporaryFile

from adapters.outbox import FileOutbox
from adapters.sms.console import ConsoleSmsSender
from db.engine import Database, DatabaseUnavailableError
from db.revisions import UnknownRevisionError, current_revision, head_revision
from gateway.settings import PREFIX, Settings
from gateway.wiring import open_services
from resolvers.context import Services
from resolvers.ports import AvatarStoreError, StateStoreError


def unknown_variables() -> list[str]:
    """Variables with our prefix that are no setting: most likely misspelt."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


async def find_problems(settings: Settings) -> list[str]:
    """Everything that is wrong, each with its mend."""
    # No message is sent, and the sender that was chosen may still miss what it needs.
    sender = ConsoleSmsSender(FileOutbox(settings.outbox_path))
    async with open_services(settings, sms_sender=sender) as services:
        schema_problems = await find_schema_problems(services.database)
        problems = (settings.production_problems() or settings.sender_problems()) + schema_problems
        # What is kept in tables cannot be tried without them.
        if settings.redis_url or not schema_problems:
            problems += await _state_problems(services)
        if settings.keeps_avatars_in_files or not schema_problems:
            problems += await _avatar_problems(services)
    return problems


def find_file_problems(settings: Settings) -> list[str]:
    """Make the data directory; what keeps files from being written there or read."""
    problems = []
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        problems.append(f"{settings.data_dir} cannot be written to ({error.strerror}); see GATEWAY_DATA_DIR")
    if settings.trusted_documents and not settings.trusted_documents.is_file():
        problems.append(f"{settings.trusted_documents} is no file; see GATEWAY_TRUSTED_DOCUMENTS")
    return problems


async def find_schema_problems(database: Database) -> list[str]:
    """What is wrong with the database, or with its tables."""
    try:
        revision = await current_revision(database)
    except DatabaseUnavailableError as error:
        return [f"the database does not answer ({error}); see GATEWAY_DATABASE_URL"]
    except UnknownRevisionError as error:
        return [newer_schema_problem(error)]
    if revision == head_revision():
        return []
    at = f"at revision {revision}" if revision else "empty"
    return [f"the database is {at}, not at revision {head_revision()}; run `account-gateway migrate`"]


def newer_schema_problem(error: UnknownRevisionError) -> str:
    """What to say of a database that another version has migrated."""
    return f"the database is at revision {error}, which this version does not know; install the newer version"


async def _state_problems(services: Services) -> list[str]:
    key = f"check:{secrets.token_hex(8)}"
    try:
        await services.state.put(key, "1", 5)
        if await services.state.take(key) != "1":
            return ["the state store forgets what it is given; see GATEWAY_REDIS_URL"]
    except StateStoreError as error:
        return [f"the state store does not answer ({error.cause}); see GATEWAY_REDIS_URL"]
    return []


async def _avatar_problems(services: Services) -> list[str]:
    key = secrets.token_hex(32)
    try:
        await services.avatars.put(key, b"check")
        await services.avatars.delete(key)
    except AvatarStoreError as error:
        return [f"avatars cannot be stored ({error}); see GATEWAY_AVATAR_STORE and GATEWAY_DATA_DIR"]
    return []
