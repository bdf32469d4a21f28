"""What `check` finds and `serve` refuses, each as an operator meets it: one line that names the setting."""

import base64
import os
import shutil
import socket
import sqlite3
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from db.revisions import head_revision
from gateway.checking import review_variables
from tests.contracts.state_backends import create_database, drop_database, server_url
from tests.gateway.actors import Person, new_id_number
from tests.gateway.processes import Outcome, free_port, run_command, serving

FAILED = 1


def key(name: str, seed: bytes) -> str:
    return f"{name}:{base64.b64encode(sha256(seed).digest()).decode()}"


def migrated(directory: Path) -> dict[str, str]:
    settings = {"DATA_DIR": str(directory)}
    assert run_command("migrate", **settings).code == 0
    return settings


def change(directory: Path, statement: str) -> None:
    with closing(sqlite3.connect(directory / "gateway.db")) as connection, connection:
        connection.execute(statement)


def check_and_serve(**settings: str) -> list[Outcome]:
    """What is an error for the one is for the other."""
    return [run_command(command, **settings) for command in ("check", "serve")]


def encrypted_with(directory: Path, keys: str) -> None:
    """Serve with `keys`, and have one real-name record encrypted."""
    with serving(directory, SECRET_KEYS=keys) as server:
        Person(server).register().post("/api/profile/auth", real_name="欧阳锋", id_card=new_id_number())
        assert server.terminate() == 0


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("encrypted")
    encrypted_with(directory, key("2026", b"right"))
    return directory / "data"


def test_key_that_sealed_records_need_is_missed(encrypted: Path) -> None:
    for outcome in check_and_serve(DATA_DIR=str(encrypted), SECRET_KEYS=key("2027", b"new")):
        assert outcome.code == FAILED
        assert [text.partition(",")[0] for text in outcome.problems] == [
            "GATEWAY_SECRET_KEYS: the key `2026` is not in it"
        ]


def test_other_bytes_under_the_same_name_are_found(encrypted: Path) -> None:
    for outcome in check_and_serve(DATA_DIR=str(encrypted), SECRET_KEYS=key("2026", b"wrong")):
        assert outcome.code == FAILED
        assert [text.partition(" than")[0] for text in outcome.problems] == [
            "GATEWAY_SECRET_KEYS: the key `2026` has other bytes"
        ]
        assert "wrong" not in outcome.err


def test_other_bytes_are_found_before_anything_is_sealed(tmp_path: Path) -> None:
    with serving(tmp_path, SECRET_KEYS=key("a", b"right")) as server:
        assert server.terminate() == 0
        data_dir = str(server.data_dir)

    assert run_command("check", DATA_DIR=data_dir, SECRET_KEYS=key("a", b"right")).code == 0
    assert run_command("check", DATA_DIR=data_dir, SECRET_KEYS=key("a", b"wrong")).code == FAILED
    assert run_command("check", DATA_DIR=data_dir, SECRET_KEYS=key("b", b"wrong")).code == 0


def test_sealed_record_betrays_other_bytes_where_no_key_was_noted(encrypted: Path, tmp_path: Path) -> None:
    shutil.copy(encrypted / "gateway.db", tmp_path)
    change(tmp_path, "DELETE FROM secret_keys")

    outcome = run_command("check", DATA_DIR=str(tmp_path), SECRET_KEYS=key("2026", b"wrong"))

    assert "the key `2026` has other bytes" in outcome.problems[0]


def test_export_without_the_key_is_a_message(encrypted: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(encrypted / "gateway.db")) as connection:
        ((mobile,),) = connection.execute("SELECT mobile FROM accounts")
    keys = key("2027", b"new")

    outcome = run_command(
        "users", "export", mobile, "--into", str(tmp_path / "out"), DATA_DIR=str(encrypted), SECRET_KEYS=keys
    )

    assert outcome.code == FAILED
    assert outcome.problems == [
        "an encrypted record cannot be opened (key 2026); put its key back into GATEWAY_SECRET_KEYS"
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("DROP TABLE sms_messages", "table sms_messages"),
        ("ALTER TABLE accounts DROP COLUMN locked_at", "column accounts.locked_at"),
    ],
)
def test_missing_table_or_column_is_named(tmp_path: Path, damage: str, what: str) -> None:
    settings = migrated(tmp_path)
    change(tmp_path, damage)

    for outcome in check_and_serve(**settings):
        assert outcome.code == FAILED
        assert [what in text for text in outcome.problems] == [True]


@pytest.mark.parametrize("manifest", ["{", "[]", '{"format": "unknown", "version": 1, "operations": []}'])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_manifest_that_is_none_ends_serve_with_one_message(
    tmp_path: Path, manifest: str, workers: str
) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(manifest)
    settings = migrated(tmp_path / "data") | {"TRUSTED_DOCUMENTS": str(path), "WORKERS": workers}

    for outcome in check_and_serve(**settings):
        assert outcome.code == FAILED
        assert [text.partition("=")[0] for text in outcome.problems] == ["GATEWAY_TRUSTED_DOCUMENTS"]
        assert str(path) in outcome.problems[0]


def test_vendor_that_cannot_be_reached_is_found_and_keeps_nobody_out(tmp_path: Path) -> None:
    vendor = {
        "SMS_SENDER": "http",
        "SMS_HTTP_URL": f"http://127.0.0.1:{free_port()}/send",
        "SMS_HTTP_TOKEN": "t",
    }

    outcome = run_command("check", **migrated(tmp_path / "data"), **vendor)

    assert outcome.code == FAILED
    assert ["GATEWAY_SMS_HTTP_URL" in text for text in outcome.problems] == [True]
    with serving(tmp_path, **vendor) as server:
        assert server.client().get("/healthz").status_code == 200


def test_vendor_that_answers_anything_is_reached(tmp_path: Path) -> None:
    with serving(tmp_path) as vendor:
        url = f"{vendor.url}/nothing-is-here"
        outcome = run_command(
            "check",
            **migrated(tmp_path / "own"),
            SMS_SENDER="http",
            SMS_HTTP_URL=url,
            SMS_HTTP_TOKEN="t",
        )

    assert outcome == Outcome(0, "everything is in order for development\n", "")


@pytest.mark.parametrize("command", ["check", "serve"])
def test_hash_that_cannot_be_made_is_refused_everywhere(tmp_path: Path, command: str) -> None:
    outcome = run_command(command, **migrated(tmp_path), ARGON2_MEMORY_KIB="64", ARGON2_LANES="16")

    assert ["GATEWAY_ARGON2_LANES" in text for text in outcome.problems] == [True]


def test_warning_is_told_and_check_ends_well(tmp_path: Path) -> None:
    outcome = run_command("check", **migrated(tmp_path), TRUSTED_PROXIES="0.0.0.0/0")

    assert outcome.code == 0
    assert outcome.err.startswith("warning: GATEWAY_TRUSTED_PROXIES covers 0.0.0.0/0")
    assert outcome.out == "everything is in order for development, but for the warnings\n"


def test_unknown_variables_are_noted_wherever_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("GATEWAY_WORKRES=2\nGATEWAY_WORKERS=1\nOTHER=1\n")
    monkeypatch.setenv("GATEWAY_SERVICE_HOST", "10.0.0.1")
    for name in ("PORT", "SERVICE_PORT_HTTP", "PORT_8000_TCP", "PORT_8000_TCP_ADDR"):
        monkeypatch.setenv(f"GATEWAY_{name}", "tcp://10.0.0.1:8000")

    found = {finding.text.partition(" ")[0]: str(finding) for finding in review_variables()}

    assert "is GATEWAY_WORKERS meant?" in found.pop("GATEWAY_WORKRES")
    assert len(found) == 5
    assert all("Kubernetes" in text and text.startswith("note: ") for text in found.values())


@pytest.mark.anyio
@pytest.mark.parametrize("variable", ["TEST_POSTGRES_URL", "TEST_MYSQL_URL"])
async def test_more_connections_than_the_server_allows_are_refused(variable: str, tmp_path: Path) -> None:
    server = server_url(variable)
    url = await create_database(server, "ag_check_connections")
    try:
        settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url}
        assert run_command("migrate", **settings).code == 0
        outcomes = [
            run_command("check", **settings, WORKERS="64", DATABASE_POOL_SIZE=size) for size in ("200", "1")
        ]
    finally:
        await drop_database(server, "ag_check_connections")

    assert [outcome.code for outcome in outcomes] == [FAILED, 0]
    assert "GATEWAY_DATABASE_POOL_SIZE=200 may open 12800 connections" in outcomes[0].problems[0]


def test_everything_is_told_at_once(tmp_path: Path) -> None:
    change_settings = {
        "ENVIRONMENT": "production",
        "SECRET_KEYS": f"zero:{base64.b64encode(bytes(32)).decode()}",
        "TRUSTED_PROXIES": "0.0.0.0/0",
        "TRUSTED_DOCUMENTS": str(tmp_path / "nothing.json"),
        "ARGON2_MEMORY_KIB": "8",
    }

    for outcome in check_and_serve(DATA_DIR=str(tmp_path), **change_settings):
        assert outcome.code == FAILED
        assert outcome.out == ""
        for word in (
            "`zero`",
            "PROXIES",
            "DOCUMENTS",
            "ARGON2_MEMORY",
            "SMS_SENDER",
            "account-gateway migrate",
        ):
            assert sum(word in text for text in outcome.problems) == 1, outcome


def test_check_of_a_folder_that_never_ran_makes_nothing_and_finds_nothing_wrong(tmp_path: Path) -> None:
    outcome = run_command("check", DATA_DIR=str(tmp_path / "var"))

    assert outcome.code == 0
    assert outcome.err == (
        f"note: the database is empty, not at revision {head_revision()}; "
        "in development `serve` migrates it when it starts\n"
    )
    assert outcome.out == "everything is in order for development\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["check"], ["users", "show", "13800138000"], ["keys", "rotate"]])
def test_what_only_reads_leaves_nothing_behind(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "var").mkdir()

    outcome = run_command(*command, DATA_DIR=str(tmp_path / "var"), ENVIRONMENT="production")

    assert outcome.code == FAILED
    assert sum("account-gateway migrate" in text for text in outcome.problems) == 1
    assert list((tmp_path / "var").iterdir()) == []


@pytest.mark.parametrize("variable", ["TEST_POSTGRES_URL", "TEST_MYSQL_URL"])
@pytest.mark.parametrize("redis", ["", "redis://127.0.0.1:{port}/0"], ids=["no redis", "redis down"])
@pytest.mark.anyio
async def test_new_database_is_one_line_and_what_is_kept_in_it_none(
    variable: str, redis: str, tmp_path: Path
) -> None:
    server = server_url(variable)
    url = await create_database(server, "ag_check_empty")
    settings = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url}
    if redis:
        settings["REDIS_URL"] = redis.format(port=free_port())
    try:
        here, there = (
            run_command("check", **settings),
            run_command("check", **settings, ENVIRONMENT="production"),
        )
    finally:
        await drop_database(server, "ag_check_empty")

    told = ["account-gateway migrate", "GATEWAY_REDIS_URL"][: 2 if redis else 1]
    assert "Traceback" not in here.err + there.err
    assert [sum(word in text for text in there.problems) for word in told] == [1] * len(told)
    assert [text.partition(" (")[0] for text in here.problems] == ["the state store does not answer"][
        : len(redis)
    ]
    assert "SELECT" not in there.err


def test_folder_of_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/nowhere/gateway.db"

    for outcome in check_and_serve(DATA_DIR=str(tmp_path), DATABASE_URL=url):
        assert (outcome.code, outcome.problems) == (
            FAILED,
            [f"{tmp_path}/nowhere is no folder; make it, or change GATEWAY_DATABASE_URL"],
        )


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_pictures_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "avatars").mkdir(mode=0o500)

    for outcome in check_and_serve(DATA_DIR=str(tmp_path)):
        assert [f"{tmp_path}/avatars cannot be written to" in text for text in outcome.problems] == [True]


def test_cause_of_a_redis_that_refuses_is_in_the_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as redis:
        threading.Thread(target=refuse_like_redis, args=(redis,), daemon=True).start()
        url = f"redis://127.0.0.1:{redis.getsockname()[1]}/99"
        outcome = run_command("check", **migrated(tmp_path), REDIS_URL=url)

    assert outcome.err == (
        "problem: the state store does not answer (DB index is out of range); see GATEWAY_REDIS_URL\n"
    )


def refuse_like_redis(listener: socket.socket) -> None:
    """Answer each command as Redis does `SELECT 99`."""
    connection, _ = listener.accept()
    with connection:
        while connection.recv(65_536):
            connection.sendall(b"-ERR DB index is out of range\r\n" * 3)


def test_several_workers_on_sqlite_are_warned_of_by_check_and_serve(tmp_path: Path) -> None:
    outcome = run_command("check", **migrated(tmp_path / "data"), WORKERS="2")

    assert outcome.code == 0
    assert outcome.err.startswith("warning: GATEWAY_WORKERS is more than 1 with SQLite")
    with serving(tmp_path, WORKERS="2") as server:
        assert server.client().get("/healthz").is_success  # it listens before it says anything
        assert "GATEWAY_WORKERS is more than 1 with SQLite" in server.log


def test_misspelt_variable_is_told_by_serve_too(tmp_path: Path) -> None:
    with serving(tmp_path, WROKERS="2") as server:
        assert server.client().get("/healthz").is_success  # it listens before it says anything
        assert "GATEWAY_WROKERS is no setting; is GATEWAY_WORKERS meant?" in server.log

    refused = run_command("serve", **migrated(tmp_path), WROKERS="2", SMS_SENDER="http")
    assert refused.code == FAILED
    assert "note: GATEWAY_WROKERS is no setting; is GATEWAY_WORKERS meant?" in refused.err
