"""What each worker process runs: the application, or one line that says why there is none.

It imports the application only when it is called, so that nothing that fails at start-up escapes it.
"""

from typing import TYPE_CHECKING

import typer
from uvicorn.config import STARTUP_FAILURE

if TYPE_CHECKING:
    from gateway.edge import Edge


def create_app() -> "Edge":
    """The application, from the environment.

    Raises:
        SystemExit: uvicorn's code for what would fail again, so that it does not start the worker again for ever.
    """
    try:
        from gateway.app import create_app_from_environment  # noqa: PLC0415

        return create_app_from_environment()
    except Exception as error:
        typer.echo(f"problem: a worker cannot start ({type(error).__name__}: {error})", err=True)
        raise SystemExit(STARTUP_FAILURE) from error
