"""What was answered with success is there after a stop, a kill and a restart; what was accepted is answered."""

import json
import os
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event

import httpx
import pytest
from redis import Redis

from tests.backends import BACKEND, open_backend
from tests.gateway.actors import Person
from tests.gateway.processes import Server, run_command, serving

pytestmark = pytest.mark.timeout(180)

RENAMERS = 3
REGISTRANTS = 6
SUCCESSES_BEFORE_THE_KILL = 40


READINESS = b"GET /readyz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
HEALTH = READINESS.replace(b"readyz", b"healthz")


def test_session_outlives_a_stop_and_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        person = Person(server).register()
        assert server.terminate() == 0

        server.start()

        assert person.find_name() == person.mobile


def rename_until_cut_off(person: Person, on_success: "SuccessCount") -> tuple[str, str]:
    """Change the name again and again; the last one that was confirmed, and the one that was on its way."""
    confirmed = wanted = person.mobile
    try:
        while True:
            wanted = f"n{secrets.token_hex(8)}"
            person.post("/api/profile/name", name=wanted)
            confirmed = wanted
            on_success.add()
    except httpx.TransportError:
        return confirmed, wanted


def register_until_cut_off(person: Person, code: str, start: Event, on_success: "SuccessCount") -> bool:
    """Whether the registration was confirmed."""
    start.wait()
    try:
        person.post(
            "/api/register",
            mobile=person.mobile,
            phonecode=code,
            image_code_text=person.captcha_text,
            password=person.password,
        )
    except httpx.TransportError:
        return False
    on_success.add()
    return True


class SuccessCount:
    """Counts what clients were told; says when it is enough."""

    def __init__(self, enough: int) -> None:
        self._enough = enough
        self._successes: list[None] = []
        self.is_enough = Event()

    def add(self) -> None:
        self._successes.append(None)
        if len(self._successes) >= self._enough:
            self.is_enough.set()


def test_every_confirmed_change_outlives_a_kill(tmp_path: Path) -> None:
    with (
        serving(tmp_path, LIMITS_SCALE="1000") as server,
        ThreadPoolExecutor(RENAMERS + REGISTRANTS) as threads,
    ):
        renamers = [Person(server).register() for _ in range(RENAMERS)]
        registrants = [Person(server) for _ in range(REGISTRANTS)]
        codes = [person.ask_for_code() for person in registrants]
        successes, start = SuccessCount(SUCCESSES_BEFORE_THE_KILL), Event()
        renames = [threads.submit(rename_until_cut_off, person, successes) for person in renamers]
        registrations = [
            threads.submit(register_until_cut_off, person, code, start, successes)
            for person, code in zip(registrants, codes, strict=True)
        ]
        start.set()
        assert successes.is_enough.wait(60)

        server.kill()
        told_names = [rename.result() for rename in renames]
        told_registrations = [registration.result() for registration in registrations]
        server.start()

        for person, (confirmed, wanted) in zip(renamers, told_names, strict=True):
            assert person.find_name() in {confirmed, wanted}
        for person, was_confirmed in zip(registrants, told_registrations, strict=True):
            if was_confirmed:
                assert person.find_name() == person.mobile
                person.post("/api/login", mobile=person.mobile, password=person.password)
        assert is_intact(server.data_dir / "gateway.db")


def is_intact(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return (
            connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            and connection.execute("PRAGMA foreign_key_check").fetchall() == []
        )


def sign_in_request(person: Person) -> bytes:
    body = json.dumps({"mobile": person.mobile, "password": person.password}).encode()
    return (
        b"POST /api/login HTTP/1.1\r\nhost: gateway.test\r\ncontent-type: application/json\r\n"
        b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(body)
    ) + body


@contextmanager
def connected(server: Server, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            for _ in range(count)
        ]


def read_answer(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65_536):
        parts.append(part)
    return b"".join(parts)


def test_requests_in_flight_are_answered_before_a_stop(tmp_path: Path) -> None:
    # Slow enough that most of them are still waiting for their hash when the signal comes.
    with serving(
        tmp_path, ARGON2_MEMORY_KIB="32768", ARGON2_PASSES="3", SHUTDOWN_GRACE_SECONDS="60"
    ) as server:
        # Only so many sign-ins to one account are judged at once.
        people = [Person(server).register() for _ in range(3)]
        with connected(server, 9) as connections:
            for connection, person in zip(connections, people * 3, strict=True):
                connection.sendall(sign_in_request(person))
            first = read_answer(connections[0])
            server.send_signal(signal.SIGTERM)
            answers = [first] + [read_answer(connection) for connection in connections[1:]]

        assert server.wait() == 0
    assert all(answer.startswith(b"HTTP/1.1 200 ") and b'"errno":0' in answer for answer in answers), answers


def test_a_stop_is_announced_and_everybody_is_served_until_the_delay_is_over(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, DRAIN_SECONDS="2") as server, connected(server, 1) as (kept,):
        kept.sendall(READINESS.replace(b"connection: close\r\n", b""))
        assert kept.recv(65_536).startswith(b"HTTP/1.1 200 ")

        server.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2
        while (announced := ask(server, READINESS)).startswith(
            b"HTTP/1.1 200 "
        ) and time.monotonic() < deadline:
            pass
        # As systemd does, which signals every process of a service.
        server.send_signal(signal.SIGTERM)
        kept.sendall(HEALTH.replace(b"connection: close\r\n", b""))
        last = read_answer(kept)
        again = ask(server, HEALTH)

        assert server.wait() == 0
    assert announced.startswith(b"HTTP/1.1 503 ")
    assert b'"stopping"' in announced
    assert last.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close\r\n" in last
    assert again.startswith(b"HTTP/1.1 200 ")


def test_an_interrupt_stops_at_once(tmp_path: Path) -> None:
    with serving(tmp_path, DRAIN_SECONDS="60") as server:
        server.send_signal(signal.SIGINT)
        assert server.wait() == 0


def test_a_connection_that_has_said_nothing_yet_is_served_when_the_server_stops(tmp_path: Path) -> None:
    with serving(tmp_path) as server, connected(server, 2) as (silent, halfway):
        halfway.sendall(HEALTH[:10])
        ask(server, READINESS)
        server.send_signal(signal.SIGTERM)
        wait_until_refused(server)
        silent.sendall(HEALTH)
        halfway.sendall(HEALTH[10:])
        answers = [read_answer(connection) for connection in (silent, halfway)]
        assert server.wait() == 0
    assert [answer[:13] for answer in answers] == [b"HTTP/1.1 200 "] * 2


def ask(server: Server, request: bytes) -> bytes:
    """A request on a connection of its own, and all that comes back."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as connection:
        connection.sendall(request)
        return read_answer(connection)


def wait_until_refused(server: Server) -> None:
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", server.port)):
                return
        time.sleep(0.01)


def test_request_that_does_not_end_holds_up_a_stop_for_the_grace_period_only(tmp_path: Path) -> None:
    with serving(tmp_path, SHUTDOWN_GRACE_SECONDS="1") as server, connected(server, 1) as (connection,):
        connection.sendall(b"POST /api/login HTTP/1.1\r\nhost: h\r\ncontent-length: 100\r\n\r\n{")
        httpx.get(f"{server.url}/healthz", trust_env=False)

        started = time.monotonic()
        code = server.terminate()

        assert code == 0
        assert 1 <= time.monotonic() - started < 10


@pytest.mark.skipif(BACKEND != "postgresql+redis", reason="TEST_BACKEND is not postgresql+redis")
def test_session_outlives_the_loss_of_redis(tmp_path: Path) -> None:
    # A database of its own on the shared server: this test empties it.
    redis_url = os.environ["TEST_REDIS_URL"].rpartition("/")[0] + "/13"
    with open_backend(tmp_path) as backend:
        settings = {"DATABASE_URL": backend.url, "REDIS_URL": redis_url}
        with serving(tmp_path, **settings) as server, closing(Redis.from_url(redis_url)) as redis:
            person = Person(server).register()
            assert redis.dbsize() > 0

            redis.flushdb()

            assert person.find_name() == person.mobile
            assert run_command("check", DATA_DIR=str(server.data_dir), **settings).code == 0
