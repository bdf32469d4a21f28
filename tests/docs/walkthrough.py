"""The pages' shell sessions: found in the text, run against a real server, and compared with what the page prints."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parents[2]
DOCUMENTED_ADDRESS = "127.0.0.1:8000"

_TIMEOUT_SECONDS = 60
_SESSION = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LISTENING = re.compile(r"http://(localhost:\d+)/graphql")

# What differs from run to run, by what it looks like.
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "<local time>"),
    (re.compile(r"/avatars/[0-9a-f]{64}\.webp"), "<avatar>"),
    (re.compile(r'(?<="id":")[0-9a-f]{32}(?=")'), "<account id>"),
    (re.compile(r'(?<="id":")[A-Za-z0-9_-]{22}(?=")'), "<captcha id>"),
    (re.compile(r'(?<="token":")[A-Za-z0-9_-]{43}(?=")'), "<token>"),
)


@dataclass
class Step:
    """One command of a page, and the lines that the page prints below it."""

    command: str
    printed: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "\n".join(self.printed)


def steps_of(page: str) -> list[Step]:
    """Every command of a page, in order."""
    steps: list[Step] = []
    for session in _SESSION.findall(page):
        for line in session.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            else:
                steps[-1].printed.append(line)
    return steps


def settled(output: str) -> str:
    """`output` with a name in place of what differs from run to run."""
    for form, name in _VARYING:
        output = form.sub(name, output)
    return output


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[str]:
    """A fresh server of its own process, as `make run` starts it, on the embedded default in `folder`; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gateway", "serve", "--port", "0"],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            **settings,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    lines: Queue[str] = Queue()
    reader = threading.Thread(target=_read_lines, args=(process, lines))
    reader.start()
    try:
        yield _address(lines)
    finally:
        process.terminate()
        process.wait(_TIMEOUT_SECONDS)
        reader.join()
        if process.stdout:
            process.stdout.close()


def run_steps(steps: list[Step], folder: Path, address: str) -> list[str]:
    """What each command prints, all of them in one shell."""
    mark = "--- next ---"
    script = "\n".join(f"{step.command}\nprintf '\\n{mark}\\n'" for step in steps)
    done = subprocess.run(
        ["bash", "-u"],
        cwd=folder,
        input=script.replace(DOCUMENTED_ADDRESS, address),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=True,
    )
    assert done.stderr == ""
    return [output.strip("\n") for output in done.stdout.split(f"{mark}\n")[:-1]]


def _read_lines(process: subprocess.Popen[str], lines: Queue[str]) -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put("")


def _address(lines: Queue[str]) -> str:
    seen = ""
    while line := lines.get(timeout=_TIMEOUT_SECONDS):
        seen += line
        found = _LISTENING.search(line)
        if found:
            return found.group(1)
    raise AssertionError(f"the server ended before it listened:\n{seen}")
