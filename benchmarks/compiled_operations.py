"""Compiled operations against graphql-core's executor: CPU time of an execution, interleaved, medians and spread.

    python -m benchmarks.compiled_operations [--rounds 30] [--executions 1000]

All run the same validated documents on the same Strawberry schema, whose root resolvers return a ready object.
What the bare coroutine function takes is measured too and taken off: `executing` is what is left.
"""

import argparse
import asyncio
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import strawberry
from graphql import DocumentNode, execute, parse, validate

from graphql_http.compiled import NO_SHORTCUTS, Shortcuts, compile_operation
from graphql_http.compiled.strawberry_fields import STRAWBERRY_SHORTCUTS

Execute = Callable[[], Any]


@strawberry.type
class Account:
    id: strawberry.ID
    mobile: str
    name: str
    avatar_url: str | None
    created_at: datetime


@strawberry.type
class UserError:
    code: str
    message: str


@strawberry.input
class UpdateNameInput:
    name: str


@strawberry.type
class UpdateNamePayload:
    account: Account | None
    errors: list[UserError]


ACCOUNT = Account(
    id=strawberry.ID("7"),
    mobile="+8618736008450",
    name="18736008450",
    avatar_url=None,
    created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
)
PAYLOAD = UpdateNamePayload(account=ACCOUNT, errors=[])
HUNDRED = [ACCOUNT] * 100


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: strawberry.Info) -> Account | None:  # noqa: ARG002
        return ACCOUNT

    @strawberry.field
    async def everyone(self, info: strawberry.Info) -> list[Account]:  # noqa: ARG002
        return HUNDRED


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def update_name(self, info: strawberry.Info, input: UpdateNameInput) -> UpdateNamePayload:  # noqa: A002, ARG002
        return PAYLOAD


SCHEMA = strawberry.Schema(Query, Mutation)._schema  # noqa: SLF001 -- compiled operations take graphql-core's
FIELDS = "{ id mobile name avatarUrl createdAt }"


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    variables: dict[str, Any]
    field: tuple[str, str]


async def give(_self: object, _info: object) -> object:
    """Do what the resolvers' bodies do."""
    return ACCOUNT


def strawberrys_resolver(case: Case) -> Execute:
    """Give what calls the resolver that Strawberry makes around a function, and nothing more."""
    type_name, field_name = case.field
    resolve = SCHEMA.type_map[type_name].fields[field_name].resolve  # type: ignore[attr-defined]
    return lambda: resolve(None, None, **case.variables)


CASES = [
    Case("me", f"{{ me {FIELDS} }}", {}, ("Query", "me")),
    Case("100 accounts", f"{{ everyone {FIELDS} }}", {}, ("Query", "everyone")),
    Case(
        "updateName",
        f"mutation ($input: UpdateNameInput!) {{ updateName(input: $input) {{ account {FIELDS} errors {{ code }} }} }}",
        {"input": {"name": "Wang"}},
        ("Mutation", "updateName"),
    ),
]


def ways(case: Case) -> dict[str, Execute]:
    """Give the ways to execute a case, by name."""
    document = parse(case.text)
    assert not validate(SCHEMA, document)
    plain_attributes = NO_SHORTCUTS._replace(plain_attribute=STRAWBERRY_SHORTCUTS.plain_attribute)
    return {
        "the function alone": lambda: give(None, None),
        "Strawberry's resolver": strawberrys_resolver(case),
        "graphql-core": lambda: execute(SCHEMA, document, variable_values=case.variables),
        "compiled": compiled_way(document, case.variables, NO_SHORTCUTS),
        "with plain attributes": compiled_way(document, case.variables, plain_attributes),
        "and direct resolvers": compiled_way(document, case.variables, STRAWBERRY_SHORTCUTS),
    }


def compiled_way(document: DocumentNode, variables: dict[str, Any], shortcuts: Shortcuts) -> Execute:
    operation = compile_operation(SCHEMA, document, None, shortcuts=shortcuts)
    assert operation is not None
    return lambda: operation.execute(variables, None)


async def measure(execute_once: Execute, executions: int) -> float:
    """Give the CPU time of an execution in microseconds."""
    begun = time.process_time()
    for _ in range(executions):
        await execute_once()
    return (time.process_time() - begun) / executions * 1e6


async def compare(case: Case, rounds: int, executions: int) -> None:
    candidates = ways(case)
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, execute_once in candidates.items():
            times[name].append(await measure(execute_once, executions))
    show(case.name, times)


def show(title: str, times: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(values) for name, values in times.items()}
    body = medians["the function alone"]
    core = medians["graphql-core"] - body
    print(f"\n{title:28} {'median':>9} {'5 % – 95 %':>18} {'executing':>14} {'times faster':>13}")
    for name, values in times.items():
        cuts = statistics.quantiles(values, n=20)
        own = medians[name] - body
        rest = f"{own:11.2f} µs {core / own:12.1f}×" if own else ""
        print(f"{name:28} {medians[name]:6.2f} µs {cuts[0]:8.2f} –{cuts[-1]:6.2f} µs {rest}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--executions", type=int, default=1000)
    asked = parser.parse_args()
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
    for case in CASES:
        executions = max(20, asked.executions // (50 if "100" in case.name else 1))
        asyncio.run(compare(case, asked.rounds, executions))


if __name__ == "__main__":
    main()
