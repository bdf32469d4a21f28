"""What a database URL asks for, tried against servers of the test's own: TLS, hosts, roles, and clear words."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from db.engine import Connection, Database, DatabaseUnavailableError, StandingReader
from tests.db.own_postgresql import OwnPostgresql, free_port, own_postgresql

pytestmark = pytest.mark.anyio

HBA = b"host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-made certificate for `localhost`, and its key, both as PEM."""

    certificate: bytes
    key: bytes


def make_certificate() -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        made.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return make_certificate()


@pytest.fixture(scope="module")
def server(certificate: Certificate) -> Iterator[OwnPostgresql]:
    with own_postgresql() as server:
        server.stop("fast")
        server.write("server.crt", certificate.certificate)
        server.write("server.key", certificate.key)
        server.write("pg_hba.conf", HBA)
        server.start("ssl=on")
        yield server


@pytest.fixture(scope="module")
def standby() -> Iterator[OwnPostgresql]:
    with own_postgresql() as server:
        server.stop("fast")
        server.become_standby()
        server.start()
        yield server


@pytest.fixture
def authority(tmp_path: Path, certificate: Certificate) -> Path:
    path = tmp_path / "ca.pem"
    path.write_bytes(certificate.certificate)
    return path


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Database]:
    database = Database(url, timeout_seconds=60, pool_size=2)
    try:
        yield database
    finally:
        await database.aclose()


async def ask(url: str, question: str) -> object:
    async with connected(url) as database, database.reading() as connection:
        return (await connection.exec_driver_sql(question)).scalar_one()


async def why_not(url: str) -> str:
    """What is said of a database that cannot be used."""
    async with connected(url) as database:
        with pytest.raises(DatabaseUnavailableError) as caught:
            await database.ping()
    return str(caught.value)


IS_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.mark.parametrize(
    ("mode", "is_encrypted"),
    [("disable", False), ("allow", True), ("prefer", True), ("require", True), ("verify-ca", True)],
)
async def test_mode_of_tls_holds(
    server: OwnPostgresql, authority: Path, mode: str, *, is_encrypted: bool
) -> None:
    url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres?sslmode={mode}&sslrootcert={authority}"

    # asyncpg tries in the clear first where TLS is only allowed.
    assert await ask(url, IS_ENCRYPTED) is (is_encrypted and mode != "allow")


async def test_full_verification_takes_the_right_name_and_refuses_another(
    server: OwnPostgresql, authority: Path
) -> None:
    rest = f"{server.port}/postgres?sslmode=verify-full&sslrootcert={authority}"

    assert await ask(f"postgresql://postgres@localhost:{rest}", IS_ENCRYPTED) is True
    assert "TLS failed: IP address mismatch" in await why_not(f"postgresql://postgres@127.0.0.1:{rest}")


async def test_certificate_of_somebody_else_is_refused(server: OwnPostgresql, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(make_certificate().certificate)

    why = await why_not(f"{server.url}?sslmode=verify-ca&sslrootcert={other}")

    assert why.startswith("TLS failed: self")


async def test_tls_is_demanded_of_a_server_that_has_none(standby: OwnPostgresql) -> None:
    assert "rejected SSL upgrade" in await why_not(f"{standby.url}?sslmode=require")


async def test_application_name_is_what_the_server_shows(server: OwnPostgresql) -> None:
    name = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"

    assert await ask(f"{server.url}?application_name=mine", name) == "mine"
    assert await ask(server.url, name) == "account-gateway"


async def test_primary_is_found_whichever_comes_first(server: OwnPostgresql, standby: OwnPostgresql) -> None:
    here, there = (f"127.0.0.1:{own.port}" for own in (server, standby))
    recovery = "SELECT pg_is_in_recovery()"

    for hosts in (f"{here},{there}", f"{there},{here}"):
        url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=primary"
        assert await ask(url, recovery) is False
    assert await ask(f"postgresql://postgres@{there},{here}/postgres", recovery) is True
    url = f"postgresql://postgres@/postgres?host={there}&host={here}&target_session_attrs=read-write"
    assert await ask(url, recovery) is False


async def test_without_a_primary_the_answer_says_so(standby: OwnPostgresql) -> None:
    why = await why_not(f"{standby.url}?target_session_attrs=primary")

    assert "target attribute" in why


async def test_standing_reader_goes_where_the_pool_goes(
    server: OwnPostgresql, standby: OwnPostgresql
) -> None:
    hosts = f"127.0.0.1:{standby.port},127.0.0.1:{server.port}"
    url = f"postgresql://postgres@{hosts}/postgres?target_session_attrs=primary&application_name=reader"

    async def read(connection: Connection) -> object:
        asked = "SELECT current_setting('application_name') || current_setting('transaction_read_only')"
        return (await connection.exec_driver_sql(asked)).scalar_one()

    async with connected(url) as database:
        reader = StandingReader(database)
        found = await reader.read(read)
        await reader.aclose()

    assert found == "readeroff"


async def test_paused_host_does_not_hide_the_next(server: OwnPostgresql, standby: OwnPostgresql) -> None:
    url = f"postgresql://postgres@127.0.0.1:{standby.port},127.0.0.1:{server.port}/postgres"
    async with connected(url) as database:
        standby.pause()
        try:
            await database.ping()
        finally:
            standby.resume()


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nobody@127.0.0.1:{port}/postgres", 'role "nobody" does not exist'),
        ("locked:hunter2@127.0.0.1:{port}/postgres", 'password authentication failed for user "locked"'),
        ("postgres@127.0.0.1:{port}/nothing", 'database "nothing" does not exist'),
        ("postgres@127.0.0.1:{free}/postgres", "Connection refused"),
        ("postgres@nowhere.invalid:{port}/postgres", "not known"),
    ],
)
async def test_reasons_are_told_apart(server: OwnPostgresql, place: str, why: str) -> None:
    async with connected(server.url) as database, database.migrating() as connection:
        await connection.exec_driver_sql("DROP ROLE IF EXISTS locked")
        await connection.exec_driver_sql("CREATE ROLE locked LOGIN PASSWORD 'right'")
        await connection.exec_driver_sql("COMMIT")

    said = await why_not(f"postgresql://{place.format(port=server.port, free=free_port())}")

    assert why in said
    assert "hunter2" not in said
