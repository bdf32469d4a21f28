"""The command line, as real processes: what it does, what it says, and the codes that scripts see."""

import base64
import getpass
import json
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest
from graphql import build_client_schema, find_breaking_changes

from db.revisions import head_revision
from schema.sdl import graphql_schema, print_sdl
from tests.gateway.actors import Person, new_id_number
from tests.gateway.processes import Outcome, Server, free_port, run_command, serving

DONE, FAILED, MISUSED, NOT_FOUND = 0, 1, 2, 3

OLD_KEY = f"old:{base64.b64encode(b'o' * 32).decode()}"
NEW_KEY = f"new:{base64.b64encode(b'n' * 32).decode()}"
REAL_NAME = "欧阳锋"
UNKNOWN_MOBILE = "13800138000"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server"), SECRET_KEYS=OLD_KEY) as server:
        yield server


@pytest.fixture
def person(server: Server) -> Person:
    return Person(server).register()


def run(server: Server, *arguments: str, **settings: str) -> Outcome:
    """A command beside the running server, on the same data."""
    return run_command(*arguments, DATA_DIR=str(server.data_dir), **server.settings | settings)


def migrated(directory: Path) -> str:
    assert run_command("migrate", DATA_DIR=str(directory)).code == DONE
    return str(directory)


def set_revision(data_dir: str, revision: str) -> None:
    with closing(sqlite3.connect(Path(data_dir) / "gateway.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def audited_actions(server: Server) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(server.data_dir / "gateway.db")) as connection:
        return connection.execute("SELECT action, detail FROM audit_events ORDER BY id").fetchall()


def test_help_names_every_command_and_costs_no_setting(tmp_path: Path) -> None:
    shown = run_command("--help", ENVIRONMENT="nonsense")

    assert shown.code == DONE
    for command in ("serve", "migrate", "check", "schema", "outbox", "users", "identity", "keys"):
        assert f"\n  {command} " in shown.out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["serve", "--port", "x"], ["users", "show"], ["identity", "reset", "1"]]
)
def test_command_that_is_wrong_ends_with_2_and_says_how_it_is_right(arguments: list[str]) -> None:
    outcome = run_command(*arguments)

    assert outcome.code == MISUSED
    assert "Usage:" in outcome.err
    assert outcome.out == ""


@pytest.mark.parametrize(
    "arguments", [["serve"], ["migrate"], ["check"], ["outbox"], ["users", "show", "1"], ["keys", "rotate"]]
)
def test_every_command_names_every_bad_setting(arguments: list[str], tmp_path: Path) -> None:
    outcome = run_command(*arguments, DATA_DIR=str(tmp_path), WORKERS="many", LOG_LEVEL="loud")

    assert outcome.code == FAILED
    assert sorted(problem.partition(":")[0] for problem in outcome.problems) == [
        "GATEWAY_LOG_LEVEL",
        "GATEWAY_WORKERS",
    ]
    assert "Traceback" not in outcome.err


def test_schema_prints_the_schema_and_nothing_else() -> None:
    outcome = run_command("schema")

    assert outcome == Outcome(DONE, print_sdl(), "")


def test_schema_as_json_is_the_same_schema() -> None:
    outcome = run_command("schema", "--json")

    told = build_client_schema(json.loads(outcome.out))
    assert (outcome.code, outcome.err) == (DONE, "")
    assert find_breaking_changes(told, graphql_schema) == find_breaking_changes(graphql_schema, told) == []
    assert set(told.type_map) == set(graphql_schema.type_map)


def test_migrating_can_be_repeated(tmp_path: Path) -> None:
    migrated(tmp_path)

    again = run_command("migrate", DATA_DIR=str(tmp_path))

    assert (again.code, again.out) == (DONE, f"the database is at revision {head_revision()}\n")


def test_check_finds_nothing_wrong_with_a_migrated_default(tmp_path: Path) -> None:
    outcome = run_command("check", DATA_DIR=migrated(tmp_path))

    assert outcome == Outcome(DONE, "everything is in order for development\n", "")


def test_check_names_every_problem_with_its_mend(tmp_path: Path) -> None:
    outcome = run_command(
        "check",
        DATA_DIR=str(tmp_path),
        SMS_SENDER="http",
        REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
        WROKERS="2",
    )

    assert outcome.code == FAILED
    for word in (
        "GATEWAY_SMS_HTTP_URL",
        "GATEWAY_SMS_HTTP_TOKEN",
        "GATEWAY_REDIS_URL",
    ):
        assert sum(word in problem for problem in outcome.problems) == 1, outcome
    assert "note: GATEWAY_WROKERS is no setting; is GATEWAY_WORKERS meant?" in outcome.err


def test_check_names_a_database_that_does_not_answer(tmp_path: Path) -> None:
    url = f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d"

    outcome = run_command("check", DATA_DIR=str(tmp_path), DATABASE_URL=url)

    assert outcome.code == FAILED
    assert "GATEWAY_DATABASE_URL" in outcome.problems[0]
    assert "hunter2" not in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("arguments", [["serve"], ["migrate"], ["users", "show", UNKNOWN_MOBILE]])
def test_database_that_does_not_answer_is_a_named_problem(arguments: list[str], tmp_path: Path) -> None:
    url = f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d"

    outcome = run_command(*arguments, DATA_DIR=str(tmp_path), DATABASE_URL=url)

    assert outcome.code == FAILED
    assert "the database does not answer" in outcome.problems[0]
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("command", ["serve", "migrate", "check"])
def test_data_directory_that_is_a_file_is_a_named_problem(command: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("")

    outcome = run_command(command, DATA_DIR=str(path))

    assert outcome.code == FAILED
    assert "GATEWAY_DATA_DIR" in outcome.problems[0]
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("command", ["serve", "migrate", "check"])
def test_schema_of_a_newer_version_is_left_alone(command: str, tmp_path: Path) -> None:
    set_revision(migrated(tmp_path), "9999")

    outcome = run_command(command, DATA_DIR=str(tmp_path))

    assert outcome.code == FAILED
    assert "9999" in outcome.problems[0]
    assert "Traceback" not in outcome.err


def test_production_names_an_old_schema_with_all_other_reasons(tmp_path: Path) -> None:
    outcome = run_command("serve", DATA_DIR=str(tmp_path), ENVIRONMENT="production", COOKIE_SECURE="false")

    assert outcome.code == FAILED
    for word in (
        "GATEWAY_SECRET_KEYS",
        "GATEWAY_SMS_SENDER",
        "GATEWAY_COOKIE_SECURE",
        "GATEWAY_ARGON2_MEMORY_KIB",
        "account-gateway migrate",
    ):
        assert sum(word in problem for problem in outcome.problems) == 1, outcome
    assert len(outcome.problems) == 5


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_port_that_is_taken_is_one_line_before_any_url(tmp_path: Path, address: str, workers: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as taken:
        taken.bind((address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        outcome = run_command("serve", LISTEN_PORT=str(port), DATA_DIR=str(tmp_path), WORKERS=workers)

    assert outcome.code == FAILED
    assert outcome.out == ""
    assert outcome.problems == [
        f"port {port} of localhost is taken; choose another with --port or GATEWAY_LISTEN_PORT"
    ]


def test_port_that_is_taken_is_found_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = run_command(
            "serve", LISTEN_PORT=str(taken.getsockname()[1]), DATA_DIR=str(tmp_path / "var")
        )

    assert outcome.code == FAILED
    assert list(tmp_path.iterdir()) == []


def test_host_that_does_not_resolve_is_said_not_to(tmp_path: Path) -> None:
    outcome = run_command("serve", "--host", "nope.invalid", DATA_DIR=str(tmp_path))

    assert outcome.code == FAILED
    assert outcome.problems[0].startswith("nope.invalid cannot be resolved (")


def test_command_on_an_empty_database_names_the_command_that_helps(tmp_path: Path) -> None:
    outcome = run_command("users", "show", UNKNOWN_MOBILE, DATA_DIR=str(tmp_path))

    assert outcome.code == FAILED
    assert "account-gateway migrate" in outcome.problems[0]


def test_outbox_shows_the_newest_entries(server: Server, person: Person) -> None:
    outcome = run(server, "outbox", "--last", "2")

    entries = [json.loads(line) for line in outcome.out.splitlines()]
    assert outcome.code == DONE
    assert [entry["kind"] for entry in entries] == ["captcha", "sms"]
    assert entries[1]["mobile"].endswith(person.mobile)


def test_outbox_of_an_installation_that_never_ran_is_empty(tmp_path: Path) -> None:
    assert run_command("outbox", DATA_DIR=str(tmp_path)) == Outcome(DONE, "", "")


def test_there_is_no_outbox_in_production(tmp_path: Path) -> None:
    outcome = run_command("outbox", DATA_DIR=str(tmp_path), ENVIRONMENT="production")

    assert (outcome.code, outcome.out) == (FAILED, "")


@pytest.mark.parametrize(
    "arguments",
    [["users", "show"], ["users", "lock"], ["identity", "reset", "--reason", "r"]],
    ids=" ".join,
)
def test_account_that_is_not_there_ends_with_3(server: Server, arguments: list[str]) -> None:
    outcome = run(server, *arguments, UNKNOWN_MOBILE)

    assert outcome.code == NOT_FOUND
    assert outcome.problems == ["no account has this mobile"]


def test_account_is_shown_by_any_spelling_of_its_mobile(server: Server, person: Person) -> None:
    outcome = run(server, "users", "show", f"+86 {person.mobile[:3]} {person.mobile[3:]}")

    shown = json.loads(outcome.out)
    assert outcome.code == DONE
    assert (shown["mobile"], shown["name"], shown["live_sessions"]) == (
        f"+86{person.mobile}",
        person.mobile,
        1,
    )
    assert "password" not in outcome.out


def test_locked_account_is_out_until_it_is_unlocked(server: Server, person: Person) -> None:
    locked = run(server, "users", "lock", person.mobile)

    assert (locked.code, locked.out) == (DONE, "locked; 1 sessions ended\n")
    assert person.find_name() is None
    login = {"mobile": person.mobile, "password": person.password}
    assert person.client.post("/api/login", json=login).json()["errno"] == 4104

    assert run(server, "users", "unlock", person.mobile).code == DONE
    person.post("/api/login", **login)


def test_deed_is_audited_with_the_operator_that_is_named_or_else_the_login_name(
    server: Server, person: Person
) -> None:
    named = run(server, "--operator", "alice", "users", "unlock", person.mobile)
    unnamed = run(server, "users", "unlock", person.mobile)
    nobody = run(server, "--operator", " ", "users", "unlock", person.mobile)

    assert [named.code, unnamed.code, nobody.code] == [DONE, DONE, MISUSED]
    lines = run(server, "audit", person.mobile).out.splitlines()
    assert [json.loads(line)["actor"] for line in lines][-2:] == [
        "operator alice",
        f"operator {getpass.getuser()}",
    ]


def test_person_is_found_and_the_next_page_is_told(server: Server, person: Person) -> None:
    Person(server).register()

    found = run(server, "users", "find", "--mobile", person.mobile)
    page = run(server, "users", "find", "--mobile", "1", "--limit", "1")
    missing = run(server, "users", "find", "--name", "nobody is called so")
    unasked = run(server, "users", "find")

    assert [outcome.code for outcome in (found, page, missing, unasked)] == [DONE, DONE, NOT_FOUND, MISUSED]
    assert [json.loads(line)["mobile"] for line in found.out.splitlines()] == [f"+86{person.mobile}"]
    (first,) = page.out.splitlines()
    assert page.err == f"there may be more: --after {json.loads(first)['id']}\n"
    assert "password" not in found.out


def test_required_reset_voids_the_password(server: Server, person: Person) -> None:
    outcome = run(server, "users", "require-reset", person.mobile)

    assert (outcome.code, outcome.out) == (DONE, "the password is void; 1 sessions ended\n")
    assert person.find_name() is None
    login = {"mobile": person.mobile, "password": person.password}
    assert person.client.post("/api/login", json=login).json()["errno"] == 4106


def test_limits_are_shown_and_lifted(server: Server, person: Person) -> None:
    shown = run(server, "limits", "show", person.mobile)
    lifted = run(server, "limits", "lift", person.mobile)
    nothing = run(server, "limits", "show", person.mobile)
    neither = run(server, "limits", "show", "somebody")

    assert [outcome.code for outcome in (shown, lifted, nothing, neither)] == [DONE, DONE, NOT_FOUND, FAILED]
    uses = [json.loads(line) for line in shown.out.splitlines()]
    assert {
        "action": "new-session",
        "subject": "mobile",
        "used": 1,
        "maximum": 60,
        "window_seconds": 3600,
    } in uses
    assert lifted.out == f"{len(uses)} limits lifted\n"


def test_whole_trail_is_printed_as_json_lines_from_a_time_on(server: Server, person: Person) -> None:
    everything = run(server, "audit", "--all", "--jsonl")
    later = run(server, "audit", "--all", "--since", "2100-01-01T00:00:00Z", "--jsonl")
    wrong = [run(server, "audit", *arguments).code for arguments in ([], ["--all", person.mobile])]

    events = [json.loads(line) for line in everything.out.splitlines()]
    assert (everything.code, later.code, later.out, wrong) == (DONE, DONE, "", [MISUSED, MISUSED])
    assert "register" in {event["action"] for event in events}
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})


def test_signing_out_an_account_ends_its_sessions_at_once(server: Server, person: Person) -> None:
    outcome = run(server, "users", "sign-out", person.mobile)

    assert (outcome.code, outcome.out) == (DONE, "1 sessions ended\n")
    assert person.find_name() is None


def test_real_name_record_is_reset_once_audited_and_may_be_submitted_again(
    server: Server, person: Person
) -> None:
    person.post("/api/profile/auth", real_name=REAL_NAME, id_card=new_id_number())
    reset = ["identity", "reset", person.mobile, "--reason", "a typo, ticket 42"]

    done, again = run(server, *reset), run(server, *reset)

    assert (done.code, again.code) == (DONE, NOT_FOUND)
    assert audited_actions(server).count(("operator-identity-reset", "a typo, ticket 42")) >= 1
    person.post("/api/profile/auth", real_name=REAL_NAME, id_card=new_id_number())


@pytest.mark.parametrize("reason", ["", " ", "\t\n", "...", "\u200b", "x" * 501])
def test_reason_that_says_nothing_is_refused(server: Server, person: Person, reason: str) -> None:
    person.post("/api/profile/auth", real_name=REAL_NAME, id_card=new_id_number())

    outcome = run(server, "identity", "reset", person.mobile, "--reason", reason)

    assert outcome.code == MISUSED
    assert "--reason" in outcome.err
    assert person.client.get("/api/profile/auth").json()["data"]["id_card"]


def test_version_is_that_of_the_package() -> None:
    assert run_command("--version") == Outcome(DONE, f"account-gateway {version('account-gateway')}\n", "")


def test_reset_of_development_deletes_everything_and_a_new_start_works(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        person = Person(server).register()
        in_use = run(server, "dev", "reset")
        assert person.find_name() is not None
        server.terminate()
        (server.data_dir / "mine").touch()

        done, again = run(server, "dev", "reset", "--yes"), run(server, "dev", "reset", "--yes")

        assert (in_use.code, in_use.problems) == (FAILED, ["the database is in use; stop the server first"])
        assert [outcome.code for outcome in (done, again)] == [DONE, DONE]
        assert [path.name for path in server.data_dir.iterdir()] == ["mine"]
        server.start()
        assert person.find_name() is None


@pytest.mark.parametrize(
    "settings", [{"ENVIRONMENT": "production"}, {"DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d"}], ids=str
)
def test_reset_is_for_the_embedded_database_of_development(tmp_path: Path, settings: dict[str, str]) -> None:
    migrated(tmp_path)

    outcome = run_command("dev", "reset", "--yes", DATA_DIR=str(tmp_path), **settings)

    assert outcome.code == FAILED
    assert len(outcome.problems) == 1
    assert (tmp_path / "gateway.db").exists()


def test_reset_asks_first_and_names_the_folder_that_it_empties(tmp_path: Path) -> None:
    migrated(tmp_path)

    asked = run_command("dev", "reset", DATA_DIR=str(tmp_path))

    assert asked.code == FAILED
    assert f"Delete every account in {tmp_path}, for ever?" in asked.out
    assert (tmp_path / "gateway.db").exists()


def test_both_addresses_of_localhost_are_served_and_its_name_is_shown(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for host in ("127.0.0.1", "[::1]"):
            answer = httpx.get(f"http://{host}:{server.port}/healthz", trust_env=False)
            assert answer.status_code == 200
        assert f"http://localhost:{server.port}/graphql" in server.log


def test_limits_are_widened_for_a_suite_of_many_accounts(tmp_path: Path) -> None:
    with serving(tmp_path, LIMITS_SCALE="100") as server:
        people = [Person(server).register() for _ in range(25)]

        assert len({person.find_name() for person in people}) == 25


def test_export_goes_to_an_empty_folder_only(server: Server, person: Person, tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("mine")
    export = ["users", "export", person.mobile, "--into"]

    codes = [run(server, *export, str(path)).code for path in (file, folder, folder)]

    assert codes == [FAILED, DONE, FAILED]
    assert file.read_text() == "mine"
    assert json.loads((folder / "account.json").read_text("utf-8"))


def test_new_key_can_be_used_as_it_is_printed(tmp_path: Path) -> None:
    key = run_command("keys", "new").out.strip()

    assert run_command("check", DATA_DIR=migrated(tmp_path), SECRET_KEYS=key).code == DONE
    assert run_command("keys", "new").out.strip() != key


def test_rotated_records_need_the_old_key_no_more(tmp_path: Path) -> None:
    with serving(tmp_path, SECRET_KEYS=OLD_KEY) as server:
        person = Person(server).register()
        person.post("/api/profile/auth", real_name=REAL_NAME, id_card=new_id_number())
        shown = person.client.get("/api/profile/auth").json()
        assert server.terminate() == 0

        lost = run(server, "keys", "rotate", SECRET_KEYS=NEW_KEY)
        done = run(server, "keys", "rotate", SECRET_KEYS=f"{NEW_KEY},{OLD_KEY}")
        again = run(server, "keys", "rotate", SECRET_KEYS=NEW_KEY)
        server.settings["SECRET_KEYS"] = NEW_KEY
        server.start()

        assert (lost.code, done.code, again.code) == (FAILED, DONE, DONE)
        assert "key old" in lost.problems[0]
        assert [done.out, again.out] == ["1 records encrypted again\n", "0 records encrypted again\n"]
        assert person.client.get("/api/profile/auth").json() == shown
        assert shown["data"]["real_name"].startswith("*")
