"""Trusted documents: manifests of Apollo's and Relay's tools, by every parameter that clients use."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from graphql_http import GraphQLEndpoint, ManifestError, TrustMode, load_manifest
from graphql_http.trusted import TrustedDocuments, read_manifest
from tests.graphql_http.toy import LEGACY, LOGIN, MODERN, Client, Toy, codes_of, endpoint_of

pytestmark = pytest.mark.anyio

NAME, DEEP = "query Named { name }", "query Deep {" + "me {" + "friend {" * 20 + "id" + "}" * 22
LOGOUT = "mutation Out { logout { __typename } }"
LOGINS = f"mutation Twice {{a: login(input: {LOGIN}) {{person {{id}}}} b: login(input: {LOGIN}) {{person {{id}}}}}}"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


TEXTS = {hash_of(text): text for text in (NAME, DEEP, LOGOUT, LOGINS)}
APOLLO = {
    "format": "apollo-persisted-query-manifest",
    "version": 1,
    "operations": [{"id": i, "body": t, "name": "N", "type": "query"} for i, t in TEXTS.items()],
}


def endpoint(toy: Toy, mode: TrustMode) -> GraphQLEndpoint:
    return endpoint_of(toy, trusted=TrustedDocuments(TEXTS, mode))


@pytest.fixture
def only(toy: Toy) -> Client:
    return Client(endpoint(toy, TrustMode.ONLY))


@pytest.fixture
def prefer(toy: Toy) -> Client:
    return Client(endpoint(toy, TrustMode.PREFER))


@pytest.mark.parametrize("manifest", [APOLLO, TEXTS], ids=["Apollo's", "Relay's"])
def test_manifest_is_read(tmp_path: Path, manifest: object) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))

    assert load_manifest(path, TrustMode.ONLY) == TrustedDocuments(TEXTS, TrustMode.ONLY)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"a": 1}',
        b"[" * 100_000,
        json.dumps({**APOLLO, "version": 2}).encode(),
        json.dumps({**APOLLO, "format": "other"}).encode(),
        json.dumps({**APOLLO, "operations": [{"id": 1, "body": NAME}]}).encode(),
        json.dumps({**APOLLO, "operations": {}}).encode(),
    ],
)
def test_unknown_manifest_is_a_clear_error(content: bytes) -> None:
    with pytest.raises(ManifestError, match="the manifest of trusted documents"):
        read_manifest(content)


def test_missing_manifest_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        load_manifest(tmp_path / "absent.json")


@pytest.mark.parametrize("mode", list(TrustMode))
@pytest.mark.parametrize(
    "parameters",
    [
        {"documentId": f"sha256:{hash_of(NAME)}"},
        {"documentId": hash_of(NAME)},
        {"doc_id": hash_of(NAME)},
        {"id": hash_of(NAME)},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(NAME)}}},
        {"query": NAME},
        {"query": NAME, "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(NAME)}}},
    ],
)
async def test_document_is_found_by_every_parameter(
    toy: Toy, mode: TrustMode, parameters: dict[str, object]
) -> None:
    client = Client(endpoint(toy, mode))
    url = {name: v if isinstance(v, str) else json.dumps(v) for name, v in parameters.items()}

    posted, got = await client.send(parameters), await client.get(**url)

    assert posted.json() == got.json() == {"data": {"name": "toy"}}


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": "{ name }"},
        {"query": "{"},
        {"documentId": "unknown"},
        {"id": 5},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
        {"query": NAME + " "},
        {},
    ],
)
async def test_only_registered_documents_are_run(only: Client, parameters: dict[str, object]) -> None:
    modern, legacy = await only.send(parameters), await only.send(parameters, LEGACY)

    assert (modern.status_code, legacy.status_code) == (403, 200)
    assert codes_of(modern) == codes_of(legacy) == ["DOCUMENT_NOT_TRUSTED"]


async def test_others_are_run_too_where_trusted_ones_are_preferred(prefer: Client) -> None:
    assert (await prefer.ask("{ name }")).json() == {"data": {"name": "toy"}}
    assert codes_of(await prefer.send({"documentId": "unknown"}, MODERN)) == ["PERSISTED_QUERY_NOT_FOUND"]
    assert codes_of(await prefer.send({})) == ["BAD_REQUEST"]


@pytest.mark.parametrize("mode", list(TrustMode))
async def test_trusted_document_is_spared_the_limits_on_its_shape(toy: Toy, mode: TrustMode) -> None:
    client = Client(endpoint(toy, mode))

    assert (await client.send({"documentId": hash_of(DEEP)})).status_code == 200
    assert (await client.ask(DEEP)).status_code == 200
    assert codes_of(await client.ask(DEEP + " ")) != []


@pytest.mark.parametrize("mode", list(TrustMode))
async def test_trusted_document_is_not_spared_what_one_request_may_do(toy: Toy, mode: TrustMode) -> None:
    response = await Client(endpoint(toy, mode)).send({"documentId": hash_of(LOGINS)})

    assert (codes_of(response), toy.done) == (["SINGLE_USE_FIELD_REPEATED"], [])


async def test_trusted_mutation_needs_post(only: Client, toy: Toy) -> None:
    got = await only.get(documentId=hash_of(LOGOUT))

    assert (got.status_code, toy.done) == (405, [])
    assert (await only.send({"documentId": hash_of(LOGOUT)})).status_code == 200
