"""What the worst requests cost: `python -m benchmarks.hostile_documents`.

Each request goes through the whole endpoint, without a network. Times are CPU milliseconds, the best and the worst of
several rounds; memory is the peak that Python allocated while one request was served. "Refused" requests must stay
under 20 ms; "accepted" ones show what the costliest documents are that the limits let through.
"""

import argparse
import asyncio
import json
import time
import tracemalloc
from collections.abc import Iterator

from graphql import GraphQLSchema, build_schema

from graphql_http import EndpointOptions, GraphQLEndpoint

SDL = """
scalar Upload
type Query { me: Account node(id: ID, text: String, numbers: [Int!]): Account }
type Account { id: ID! name: String! mobile: String! friend(id: ID, text: String): Account friends: [Account!]! }
input LoginInput { mobile: String! password: String! }
type LoginPayload { account: Account }
type Mutation { login(input: LoginInput!): LoginPayload! logout: LoginPayload! }
"""
KILOBYTE = 1024
BODY = 100 * KILOBYTE
LOGIN = 'login(input: {mobile: "1", password: "x"}) {account {id}}'


def fill(prefix: str, unit: str, suffix: str, length: int = BODY - 200) -> str:
    """Repeat `unit` between the two until the document has `length` characters as JSON."""
    room = length - len(json.dumps(prefix + suffix))
    return prefix + unit * (room // (len(json.dumps(unit)) - 2)) + suffix


def chain(count: int, body: str, last: str = "id") -> str:
    """Fragments f0 to f`count`, each made from `body` with the name of the next."""
    fragments = [f"fragment f{n} on Account {{{body.replace('NEXT', f'...f{n + 1}')}}}" for n in range(count)]
    return " ".join([*fragments, f"fragment f{count} on Account {{{last}}}"])


def refused() -> Iterator[tuple[str, str]]:
    yield "1 MB of fields", "{me{" + "id " * 350_000 + "}}"
    yield "100 KB of braces", fill("", "{", "")
    yield "100 KB of nested fields", fill("", "{me", "")
    yield "100 KB of nested lists", fill("{node(numbers: ", "[", "")
    yield "100 KB of nested objects", fill("mutation {login(input: ", "{a: ", "")
    yield "100 KB of nested inline fragments", fill("{", "...{", "")
    yield "100 aliased logins", "mutation {" + " ".join(f"a{n}: {LOGIN}" for n in range(100)) + "}"
    yield (
        "logins doubled in 60 fragments",
        (
            "mutation {...m0} "
            + " ".join(f"fragment m{n} on Mutation {{...m{n + 1} ...m{n + 1}}}" for n in range(60))
            + f" fragment m60 on Mutation {{{LOGIN}}}"
        ),
    )
    yield "fields doubled in 60 fragments", "{me{...f0}} " + chain(60, "NEXT NEXT")
    yield "fields doubled in nested fragments", "{me{...f0}} " + chain(40, "friend{NEXT} x: friend{NEXT}")
    yield "a cycle of 60 fragments", "{me{...f0}} " + chain(60, "NEXT", "...f0")
    yield "990 equal fields", "{me{" + "id " * 990 + "}}"
    yield "240 equal objects", "{me{" + "friend{id}" * 240 + "}}"
    yield (
        "objects compared across fragments",
        (
            "{me{"
            + "".join(f"...f{n} " for n in range(60))
            + "}} "
            + " ".join(f"fragment f{n} on Account {{friend{{friend{{id}}}}}}" for n in range(60))
        ),
    )
    yield "900 directives", "{me{id" + " @skip(if: true)" * 140 + "}}"
    yield "900 unknown fields", "{" + " ".join(f"x{n}" for n in range(900)) + "}"
    yield "10,000 aliases", "{" + " ".join(f"a{n}: me{{id}}" for n in range(9_000)) + "}"
    yield "100 KB of white space, then an error", fill("{me{id}", " ", "!")
    yield "100 KB of line ends, then an error", fill("{me{id}", "\n", "!")
    yield "100 KB of comment, then an error", fill("{me{id} #", "x", "\n!")
    yield "100 KB of comments, then an error", fill("{me{id} ", "#\n", "!")
    yield "100 KB of commas, then an error", fill("{me{id} ", ",", "!")
    yield "100 KB of name", fill("{", "x", "}")
    yield "100 KB of digits", fill("{node(numbers: [", "1", "]) {id}}")
    yield "100 KB of string", fill('{node(text: "', "x", '") {id}}')
    yield "100 KB of escapes", fill('{node(text: "', "\\n", '") {id}}')
    yield "100 KB of block string", fill('{node(text: """', "\n ", '""") {id}}')
    yield "100 KB of quotes", fill("{node(text: ", '"', ") {id}}")
    yield "16 KB of escapes, then an error", fill('{node(text: "', "\\n", '") {id}!', 31 * KILOBYTE)


def accepted() -> Iterator[tuple[str, str]]:
    yield "me", "{me{id name mobile}}"
    yield "190 equal fields", "{me{" + "id " * 190 + "}}"
    yield "60 equal objects", "{me{" + "friend{id}" * 60 + "}}"
    yield "330 objects, nested", "{me{" + "friend{friend{id name}} " * 24 + "}}"
    yield "a chain of 120 fragments", "{me{...f0}} " + chain(120, "NEXT")
    yield (
        "60 operations over 60 fragments",
        (" ".join(f"query q{n} {{me{{...f0}}}}" for n in range(50)) + " " + chain(60, "NEXT")),
    )
    yield (
        "490 variables",
        "query("
        + " ".join(f"$v{n}: Int" for n in range(160))
        + ") {node(numbers: ["
        + " ".join(f"$v{n}" for n in range(160))
        + "]) {id}}",
    )
    yield "490 numbers", "{node(numbers: [" + "1 " * 980 + "]) {id}}"
    yield "100 KB of white space", fill("{me{id}", " ", "}")
    yield "100 KB of comment", fill("{me{id} #", "x", "\n}")
    yield "8 KB of escapes", fill('{node(text: "', "\\n", '") {id}}', 24 * KILOBYTE)
    yield "16 KB of block string", fill('{node(text: """', "\n", '""") {id}}', 32 * KILOBYTE)


def new_endpoint(schema: GraphQLSchema) -> GraphQLEndpoint:
    # Without room for documents each round prepares anew.
    return GraphQLEndpoint(
        schema, make_context=lambda _: None, options=EndpointOptions(document_cache_bytes=0)
    )


async def post(endpoint: GraphQLEndpoint, body: bytes) -> tuple[int, bytes]:
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"accept", b"application/graphql-response+json"),
    ]
    await endpoint({"type": "http", "method": "POST", "headers": headers, "state": {}}, receive, send)
    return sent[0]["status"], sent[1]["body"]


def measure(endpoint: GraphQLEndpoint, document: str, rounds: int) -> tuple[float, float, int, str]:
    body = json.dumps({"query": document}).encode()
    times = []
    for _ in range(rounds):
        started = time.process_time()
        status, answer = asyncio.run(post(endpoint, body))
        times.append((time.process_time() - started) * 1000)
    tracemalloc.start()
    asyncio.run(post(endpoint, body))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    errors = json.loads(answer).get("errors", [])
    codes = sorted({error["extensions"]["code"] for error in errors})
    return min(times), max(times), peak, f"{status} {' '.join(codes)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    endpoint = new_endpoint(build_schema(SDL))
    measure(endpoint, "{me{id}}", 3)
    for title, documents in (("refused", refused()), ("accepted", accepted())):
        print(f"\n{title:<40} {'best ms':>8} {'worst ms':>9} {'peak KiB':>9}  answer")
        worst = 0.0
        for name, document in documents:
            best, slowest, peak, answer = measure(endpoint, document, rounds)
            worst = max(worst, best)
            print(f"{name:<40} {best:8.2f} {slowest:9.2f} {peak // KILOBYTE:9,}  {answer}")
        print(f"{'the worst of them':<40} {worst:8.2f}")


if __name__ == "__main__":
    main()
