"""The promises of every state store, again, behind Sentinel and on a Cluster."""

from collections.abc import Iterator

import pytest

from tests.contracts.redis_servers import MASTER_NAME, cluster, find_redis_server, sentinel
from tests.contracts.state_backends import StateBackend, redis_backend
from tests.contracts.test_state_store import *  # noqa: F403 - the suite itself, and its mark


@pytest.fixture(scope="module")
def sentinel_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    find_redis_server()
    with sentinel(tmp_path_factory.mktemp("sentinel")) as (watcher, _, _):
        yield f"redis+sentinel://127.0.0.1:{watcher.port}/{MASTER_NAME}/0"


@pytest.fixture(scope="module")
def cluster_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    find_redis_server()
    with cluster(tmp_path_factory.mktemp("cluster")) as nodes:
        yield "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes)


@pytest.fixture(params=["sentinel", "cluster"])
def place(request: pytest.FixtureRequest) -> StateBackend:
    return redis_backend(request.getfixturevalue(f"{request.param}_url"), "ag-test:")
