"""A small Strawberry schema in the manner of the product's, whose objects are not always what they should be."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from enum import Enum
from random import Random
from typing import Annotated, Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from tests.graphql_http.compiled.resolver_outcomes import Stage

Info = strawberry.Info[Any, Any]
Value = Any


@strawberry.enum
class Style(Enum):
    PLAIN = "plain"
    LOUD = "loud"


class OnlySometimes(BasePermission):
    """Allows by the stage's chances."""

    message = "not this time"

    def has_permission(self, source: Value, info: Info, **kwargs: Value) -> bool:  # noqa: ARG002
        return stage_of(info).chance("permission", str(info.path)).randrange(2) == 0


class Shouted(FieldExtension):
    """Makes a text loud."""

    def resolve(self, next_: Value, source: Value, info: Info, **arguments: Value) -> Value:
        return f"{type(next_(source, info, **arguments)).__name__}!".upper()


@strawberry.type
class AuthInfo:
    real_name: str
    submitted_at: datetime


@strawberry.input
class CheerInput:
    text: str
    times: int = 2
    styles: list[Style] | None = None


@strawberry.type
class Account:
    id: strawberry.ID
    mobile: str
    name: str
    avatar_url: str | None
    created_at: datetime
    is_locked: bool
    score: float
    style: Style
    tags: list[str]
    auth_info: AuthInfo | None
    nickname: str = strawberry.field(extensions=[Shouted()])
    secret: str | None = strawberry.field(permission_classes=[OnlySometimes])
    renamed: str = strawberry.field(name="otherName")

    @strawberry.field
    def cheer(self, info: Info, input: CheerInput | None = None, style: Style = Style.PLAIN) -> str:  # noqa: A002
        note(info, input, style)
        return f"{type(self.name).__name__}: {input} {style}"

    @strawberry.field
    async def friends(self, info: Info, first: int = 2) -> list["Account"]:
        note(info, first)
        await asyncio.sleep(0)
        return [make_account(info, "friend", index) for index in range(max(0, min(first, 3)))]


@strawberry.interface
class UserError:
    code: str
    message: str
    field: list[str] | None


@strawberry.type
class InputError(UserError):
    pass


@strawberry.type
class RateLimitedError(UserError):
    retry_after_seconds: int


@strawberry.type
class RenamePayload:
    account: Account | None
    errors: list[UserError]


Found = Annotated[Account | AuthInfo, strawberry.union("Found")]


@strawberry.type
class Query:
    @strawberry.field
    async def me(self, info: Info) -> Account | None:
        note(info)
        await asyncio.sleep(0)
        return make_account(info)

    @strawberry.field
    def find(self, info: Info, id: strawberry.ID, style: Style | None = None) -> Found | None:  # noqa: A002
        note(info, id, style)
        chance = stage_of(info).chance("find", str(info.path))
        return make_account(info) if chance.randrange(2) else make_auth_info(info)

    @strawberry.field
    async def everyone(self, info: Info) -> list[Account | None]:
        note(info)
        return [make_account(info, index) for index in range(2)]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def rename(self, info: Info, input: CheerInput) -> RenamePayload:  # noqa: A002
        note(info, input)
        await asyncio.sleep(0)
        chance = stage_of(info).chance("rename", str(info.path))
        errors: list[UserError] = [
            InputError(code="NAME_TAKEN", message="taken", field=["name"]),
            RateLimitedError(code="RATE_LIMITED", message="wait", field=None, retry_after_seconds=3),
        ]
        return RenamePayload(account=make_account(info), errors=errors[: chance.randrange(3)])


def stage_of(info: Info) -> Stage:
    stage: Stage = info.context
    return stage


def note(info: Info, *arguments: Value) -> None:
    stage_of(info).log.append(
        (info.field_name, tuple(info.path.as_list()), repr(arguments), info.variable_values)
    )


def make_auth_info(info: Info) -> AuthInfo:
    stage = stage_of(info)
    made = AuthInfo(real_name="Li", submitted_at=datetime(2026, 1, 2, tzinfo=UTC))
    spoil(stage, stage.chance("auth info", str(info.path)), made)
    return made


def make_account(info: Info, *which: Value) -> Account:
    stage = stage_of(info)
    chance = stage.chance("account", str(info.path), which)
    made = Account(
        id=strawberry.ID(str(chance.randrange(9))),
        mobile="+8618736008450",
        name=chance.choice(["Wang", "王"]),
        avatar_url=chance.choice([None, "/a.webp"]),
        created_at=datetime(2026, 1, 1, 12, tzinfo=UTC),
        is_locked=chance.choice([True, False]),
        score=chance.choice([1.5, 2]),
        style=chance.choice(list(Style)),
        tags=["a", "b"],
        auth_info=chance.choice([None, make_auth_info(info)]),
        nickname="w",
        secret="s",
        renamed="r",
    )
    spoil(stage, chance, made)
    return made


def spoil(stage: Stage, chance: Random, made: Value) -> None:
    """Put something wrong in place of some attributes, or take one away."""
    for name in list(vars(made)):
        if stage.is_trouble(chance):
            if chance.randrange(5) == 0:
                delattr(made, name)
            else:
                setattr(made, name, wrong(chance))


def wrong(chance: Random) -> Value:
    values: list[Value] = [
        None,
        ValueError("held"),
        7,
        [None, 1],
        {"a": 1},
        object,
        "x",
        datetime.max.replace(tzinfo=UTC),
    ]
    if chance.randrange(4) == 0:
        return eventually(chance.choice(values))
    return aiter_of("a", None) if chance.randrange(8) == 0 else chance.choice(values)


async def eventually(value: Value) -> Value:
    await asyncio.sleep(0)
    return value


async def aiter_of(*values: Value) -> AsyncIterator[Value]:
    for value in values:
        await asyncio.sleep(0)
        yield value


SCHEMA = strawberry.Schema(Query, Mutation, types=[InputError, RateLimitedError])
