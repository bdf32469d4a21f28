import pytest

from graphql_http import GraphQLEndpoint
from tests.graphql_http.toy import Client, Toy, build_toy, endpoint_of


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def toy() -> Toy:
    return build_toy()


@pytest.fixture
def endpoint(toy: Toy) -> GraphQLEndpoint:
    """An endpoint with the production posture."""
    return endpoint_of(toy)


@pytest.fixture
def client(endpoint: GraphQLEndpoint) -> Client:
    return Client(endpoint)
