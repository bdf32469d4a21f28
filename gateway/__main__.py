"""`python -m gateway`."""

from gateway.cli import run

run()
