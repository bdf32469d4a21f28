import json
import multiprocessing
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.development_inbox import FileInbox, read_inbox
from resolvers.ports import SmsMessage
from resolvers.sms_purposes import SmsPurpose

MESSAGE = SmsMessage("+8618736008450", SmsPurpose.REGISTER, "012345", "验证码 012345\n第二行")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


def quiet(path: Path) -> FileInbox:
    return FileInbox(path, tell=lambda _: None)


def test_captcha_is_one_line(path: Path) -> None:
    quiet(path).record_captcha("an-id", "AB34")

    [line] = path.read_text().splitlines()
    entry = json.loads(line)
    at = datetime.fromisoformat(entry.pop("at"))
    assert entry == {"kind": "captcha", "id": "an-id", "text": "AB34"}
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_sms_is_one_line(path: Path) -> None:
    quiet(path).record_sms(MESSAGE)

    [line] = path.read_text().splitlines()
    entry = json.loads(line)
    del entry["at"]
    assert entry == {
        "kind": "sms",
        "mobile": "+8618736008450",
        "purpose": "register",
        "code": "012345",
        "text": "验证码 012345\n第二行",
    }


def test_console_is_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inbox = FileInbox(path)
    inbox.record_captcha("an-id", "AB34")
    inbox.record_sms(MESSAGE)

    told = capsys.readouterr().err
    assert "AB34" in told
    assert "012345" in told


def test_file_is_its_owners_only(path: Path) -> None:
    path.touch(mode=0o644)

    quiet(path).record_captcha("an-id", "AB34")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_absent_inbox_reads_as_empty(path: Path) -> None:
    assert read_inbox(path, 10) == []


@pytest.mark.parametrize(
    ("limit", "ids"), [(0, []), (1, ["4"]), (3, ["2", "3", "4"]), (99, ["0", "1", "2", "3", "4"])]
)
def test_newest_entries_come_last(path: Path, limit: int, ids: list[str]) -> None:
    for n in range(5):
        quiet(path).record_captcha(str(n), "AB34")

    assert [entry["id"] for entry in read_inbox(path, limit)] == ids


@pytest.mark.parametrize("torn", [b'{"kind": "capt', b"\xe9", b"null\n", b"[" * 100_000, b"\n\n"])
def test_torn_line_is_passed_over(path: Path, torn: bytes) -> None:
    quiet(path).record_captcha("whole", "AB34")
    with path.open("ab") as file:
        file.write(torn)

    assert [entry["id"] for entry in read_inbox(path, 10)] == ["whole"]


def test_entry_after_a_torn_line_is_read(path: Path) -> None:
    path.write_bytes(b'{"kind": "capt')
    quiet(path).record_captcha("next", "AB34")

    assert [entry["id"] for entry in read_inbox(path, 10)] == ["next"]


def test_long_inbox_is_read_from_its_end(path: Path) -> None:
    line = json.dumps({"kind": "captcha", "id": "old", "text": "字" * 300}, ensure_ascii=False) + "\n"
    path.write_text(line * 2000)
    quiet(path).record_captcha("new", "AB34")

    entries = read_inbox(path, 5)

    assert [entry["id"] for entry in entries] == ["old"] * 4 + ["new"]


def test_what_was_noted_for_a_mobile_can_be_forgotten(path: Path) -> None:
    inbox = quiet(path)
    inbox.record_sms(MESSAGE)
    inbox.record_captcha("an-id", "AB34")
    inbox.record_sms(replace(MESSAGE, mobile="+86187360084501"))
    path.write_bytes(path.read_bytes() + b'{"kind": "sms", "mobile": "+8618736008450"')
    size = path.stat().st_size

    inbox.forget(MESSAGE.mobile)
    inbox.record_captcha("next", "AB34")

    assert b'+8618736008450"' not in path.read_bytes()
    left = [entry.get("mobile", entry.get("id")) for entry in read_inbox(path, 10)]
    assert left == ["an-id", "+86187360084501", "next"]
    assert path.read_bytes()[size:].startswith(b'{"kind"')


def test_nothing_is_forgotten_where_nothing_was_noted(path: Path) -> None:
    quiet(path).forget(MESSAGE.mobile)

    assert not path.exists()


def test_lines_of_several_processes_do_not_mix(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=record_many, args=(path, str(n))) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert sorted(entry["id"] for entry in entries) == sorted(str(n) for n in range(3) for _ in range(300))


def record_many(path: Path, name: str) -> None:
    for _ in range(300):
        quiet(path).record_captcha(name, "x" * 500)
