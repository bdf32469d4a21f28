import pytest

from adapters.redis_client import open_redis
from adapters.redis_url import RedisUrl, Topology, parse_redis_url

pytestmark = pytest.mark.anyio


def url(topology: Topology, *addresses: tuple[str, int], **more: object) -> RedisUrl:
    defaults: dict[str, object] = {"is_tls": False, "name": "", "database": 0, "account": {}}
    return RedisUrl(
        **{
            "topology": topology,
            "addresses": addresses,
            "sentinel_account": {},
            "tls": {},
            **defaults,
            **more,
        }  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://cache", url(Topology.SINGLE, ("cache", 6379))),
        ("redis://cache:7000/3", url(Topology.SINGLE, ("cache", 7000), database=3)),
        ("redis://cache?db=3", url(Topology.SINGLE, ("cache", 6379), database=3)),
        ("redis://[::1]:7000", url(Topology.SINGLE, ("::1", 7000))),
        ("redis://:p%40ss@cache", url(Topology.SINGLE, ("cache", 6379), account={"password": "p@ss"})),
        (
            "rediss://me:secret@cache?ssl_ca_certs=/ca.pem&ssl_check_hostname=no",
            url(
                Topology.SINGLE,
                ("cache", 6379),
                is_tls=True,
                account={"username": "me", "password": "secret"},
                tls={"ssl_ca_certs": "/ca.pem", "ssl_check_hostname": False},
            ),
        ),
        (
            "unix:///run/redis.sock?db=2&password=secret",
            url(Topology.SOCKET, name="/run/redis.sock", database=2, account={"password": "secret"}),
        ),
        (
            "redis+sentinel://me:a@one,two:26380/the-master/4?sentinel_password=b",
            url(
                Topology.SENTINEL,
                ("one", 26379),
                ("two", 26380),
                name="the-master",
                database=4,
                account={"username": "me", "password": "a"},
                sentinel_account={"password": "b"},
            ),
        ),
        (
            "rediss+sentinel://one/the-master",
            url(Topology.SENTINEL, ("one", 26379), name="the-master", is_tls=True),
        ),
        ("redis+cluster://one,two:7001", url(Topology.CLUSTER, ("one", 6379), ("two", 7001))),
        ("rediss+cluster://one/0", url(Topology.CLUSTER, ("one", 6379), is_tls=True)),
    ],
)
async def test_url_is_understood(text: str, expected: RedisUrl) -> None:
    assert parse_redis_url(text) == expected
    await open_redis(text, node_seconds=1, sentinel_seconds=1).aclose()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "begins with"),
        ("http://cache", "begins with"),
        ("cache:6379", "begins with"),
        ("redis://", "no host"),
        ("redis://:6379", "empty host"),
        ("redis://one,two", "several"),
        ("redis://cache:port", "port"),
        ("redis://cache:70000", "port"),
        ("redis://cache/three", "not a number"),
        ("redis://cache/-1", "not a number"),
        ("redis://cache?db=three", "db"),
        ("redis://cache?timeout=3", "unknown option"),
        ("unix://", "path of the socket"),
        ("redis+sentinel://one", "name of the master"),
        ("redis+sentinel://one/the-master/x", "not a number"),
        ("redis+cluster://one/3", "no database but 0"),
        ("redis+cluster://one?db=3", "no database but 0"),
        ("redis+cluster://", "no host"),
    ],
)
def test_bad_url_is_refused_with_its_mend(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_redis_url(text)


@pytest.mark.parametrize(
    "text", ["redis://me:hunter2@one,two", "redis://:hunter2@cache:x", "http://:hunter2@cache"]
)
def test_refusal_does_not_repeat_the_password(text: str) -> None:
    with pytest.raises(ValueError, match="Redis") as refusal:
        parse_redis_url(text)

    assert "hunter2" not in str(refusal.value)


def test_password_is_not_shown() -> None:
    assert "hunter2" not in repr(parse_redis_url("redis://:hunter2@cache"))
