"""The development inbox, `outbox.jsonl`: a JSON line for each captcha answer and SMS, for who has no phone at hand."""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from resolvers.ports import SmsMessage

# Enough for the newest few hundred entries; the file may grow for months.
_TAIL_BYTES = 256 * 1024

# What stands where a line was taken out, filled up with blanks.
_FORGOTTEN = b'{"kind": "forgotten"}'

# How every entry begins; within a text the quotes are escaped.
_BEGINNING = b'{"kind"'


def _print_line(line: str) -> None:
    sys.stderr.write(f"{line}\n")


class FileInbox:
    """Appends to a file that only its owner can read, and tells the console.

    A line is one `write` to a file opened for appending, so that the lines of several processes do not mix.
    """

    def __init__(self, path: Path, *, tell: Callable[[str], None] = _print_line) -> None:
        self._path = path
        self._tell = tell

    def record_captcha(self, captcha_id: str, text: str) -> None:
        """See `DevelopmentInbox.record_captcha`."""
        self._append({"kind": "captcha", "id": captcha_id, "text": text})
        self._tell(f"outbox: captcha {captcha_id} is {text}")

    def record_sms(self, message: SmsMessage) -> None:
        """Note a message that would have been sent."""
        self._append(
            {
                "kind": "sms",
                "mobile": message.mobile,
                "purpose": message.purpose,
                "code": message.code,
                "text": message.text,
            }
        )
        self._tell(f"outbox: SMS to {message.mobile}: {message.text}")

    def forget(self, mobile: str) -> None:
        """See `DevelopmentInbox.forget`. Each line is overwritten in its place, whoever appends meanwhile."""
        told = json.dumps(mobile).encode()
        with suppress(FileNotFoundError), self._path.open("r+b") as file:
            while line := file.readline():
                if told in line:
                    length = len(line.rstrip(b"\n"))
                    file.seek(-len(line), os.SEEK_CUR)
                    file.write(_FORGOTTEN.ljust(length)[:length] + line[length:])

    def _append(self, entry: dict[str, str]) -> None:
        line = json.dumps({**entry, "at": datetime.now(UTC).isoformat()}, ensure_ascii=False)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # It may be older than this rule, or made by hand.
            os.fchmod(descriptor, 0o600)
            os.write(descriptor, f"{line}\n".encode())
        finally:
            os.close(descriptor)


def read_inbox(path: Path, limit: int) -> list[dict[str, object]]:
    """The newest `limit` entries, oldest first; a line that is cut off is passed over."""
    try:
        with path.open("rb") as file:
            file.seek(max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    entries = (_parse(line) for line in lines)
    whole = [entry for entry in entries if entry is not None]
    return whole[max(len(whole) - limit, 0) :]


def _parse(line: bytes) -> dict[str, object] | None:
    """Read one line, or what follows the remains of one that was never finished."""
    try:
        entry = json.loads(line[max(line.rfind(_BEGINNING), 0) :])
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and entry.get("kind") != "forgotten" else None
