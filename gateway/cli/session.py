"""What the commands share: settings or a clear complaint, and a context whose actor is the operator."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from db.failures import explain
from db.inspection import DATABASE_ERRORS
from gateway.checking import find_directory_problems, find_schema_problems
from gateway.cli.operator_name import operator_name
from gateway.findings import Finding, errors_of
from gateway.logs import configure_logs
from gateway.settings import Settings, SettingsError
from gateway.wiring import open_services
from resolvers.actors import Operator
from resolvers.context import Context
from resolvers.encryption import UnreadableRecordError
from resolvers.errors import AccountError, ServiceUnavailableError
from resolvers.operators import AccountNotFoundError
from resolvers.ports import AvatarStoreError

FAILED = 1
NOT_FOUND = 3

R = TypeVar("R")

Mobile = Annotated[str, typer.Argument(help="The account's mobile, in any spelling.")]


def load_settings() -> Settings:
    """The settings; where they cannot be used, every problem is printed and the command ends with 1."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        complain(error.problems)
        raise typer.Exit(FAILED) from None
    configure_logs(is_production=settings.is_production, level="warning")
    return settings


def complain(problems: list[str]) -> None:
    """Print each problem on a line of its own, to standard error."""
    for problem in problems:
        typer.echo(f"problem: {problem}", err=True)


def report(findings: list[Finding]) -> None:
    """Print each finding on a line of its own, to standard error."""
    for finding in findings:
        typer.echo(str(finding), err=True)


def as_text(value: object) -> str:
    """What JSON has no form for, as it is printed: times by ISO 8601."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def run_with_context(act: Callable[[Context], Awaitable[R]]) -> R:
    """Open the services, call `act`, close them again; failures that have a name end the command with it."""
    settings = load_settings()
    if problems := errors_of(find_directory_problems(settings)):
        complain(problems)
        raise typer.Exit(FAILED)

    async def run() -> R:
        async with open_services(settings) as services:
            if problems := errors_of(await find_schema_problems(services.database)):
                complain(problems)
                raise typer.Exit(FAILED)
            return await act(Context(services, address="console", actor=Operator(operator_name())))

    try:
        return asyncio.run(run())
    except AccountNotFoundError:
        complain(["no account has this mobile"])
        raise typer.Exit(NOT_FOUND) from None
    except ServiceUnavailableError as error:
        complain([f"the {error.dependency} does not answer; `account-gateway check` tells more"])
        raise typer.Exit(FAILED) from None
    except DATABASE_ERRORS as error:
        complain([f"the database does not answer ({explain(error)}); `account-gateway check` tells more"])
        raise typer.Exit(FAILED) from None
    except UnreadableRecordError as error:
        complain(
            [f"an encrypted record cannot be opened ({error}); put its key back into GATEWAY_SECRET_KEYS"]
        )
        raise typer.Exit(FAILED) from None
    except (AvatarStoreError, OSError) as error:
        complain([f"files cannot be read or written ({error}); see GATEWAY_DATA_DIR"])
        raise typer.Exit(FAILED) from None
    except AccountError as error:
        complain([error.message("en")])
        raise typer.Exit(FAILED) from None
