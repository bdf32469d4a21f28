"""Resolvers that do anything that resolvers may do, the same for every executor."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from random import Random
from typing import Any, ClassVar
from zlib import crc32

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLOutputType,
    GraphQLResolveInfo,
    get_named_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.pyutils import Path, Undefined, is_awaitable

Info = GraphQLResolveInfo[Any]
Value = Any
Steps = list[object]


class Stage:
    """One execution's context: what the resolvers will do, and a log of what was called, in order."""

    def __init__(self, seed: int, *, trouble: int) -> None:
        """`trouble`, in percent, is how often anything happens but a proper value given at once."""
        self.seed = seed
        self.trouble = trouble
        self.log: list[object] = []

    def chance(self, *about: object) -> Random:
        """Give the chances for something, the same whenever and by whomever it is asked."""
        return Random(crc32(repr((self.seed, about)).encode()))

    def is_trouble(self, chance: Random) -> bool:
        return chance.randrange(100) < self.trouble


class Anyhow(str):
    """A string that is not exactly a string."""

    __slots__ = ()


class Creature:
    """A source object for the default resolver: attributes appear as they are read."""

    def __init__(self, stage: Stage, type_name: str, path: Steps) -> None:
        self._stage = stage
        self._path = path
        self._type_name = type_name
        if stage.chance(path, "typename").randrange(3) == 0:
            self.__typename = type_name

    def __getattr__(self, name: str) -> Value:
        if name.startswith("_"):
            raise AttributeError(name)
        return read_plain(self._stage, self._path, name)

    def __repr__(self) -> str:
        return f"<{self._type_name} {self._path}>"


class Record(dict[str, Any]):
    """A source mapping for the default resolver."""

    def __init__(self, stage: Stage, type_name: str, path: Steps) -> None:
        super().__init__(__typename=type_name)
        self._stage = stage
        self._path = path
        self._type_name = type_name

    def get(self, key: str, _default: Value = None) -> Value:
        if key == "__typename":
            return super().get(key) if self._stage.chance(self._path, key).randrange(2) else None
        return read_plain(self._stage, self._path, key)

    def __repr__(self) -> str:
        return f"<{self._type_name} {self._path}>"


def read_plain(stage: Stage, path: Steps, name: str) -> Value:
    """What the default resolver finds under a name: a value, or a function that gives one."""
    chance = stage.chance(path, "plain", name)
    stage.log.append(("read", tuple(path), name))
    if chance.randrange(4) == 0:
        return resolve_plainly
    if stage.is_trouble(chance):
        return misbehave(stage, chance, f"{path}.{name}")
    return chance.choice([None, "text", 5, ["a", None, "b"]])


def resolve_plainly(info: Info, **arguments: object) -> Value:
    """A source object's own function for a field: the default resolver leaves out the source."""
    return resolve(None, info, **arguments)


def resolve(source: Value, info: Info, **arguments: object) -> Value:
    """Resolve any field of the zoo."""
    stage: Stage = info.context
    note_call(stage, source, info, arguments)
    path: Steps = list(full_path(info.path))
    return deliver(stage, path, info.return_type, info)


def note_call(stage: Stage, source: Value, info: Info, arguments: dict[str, object]) -> None:
    """Log everything that the resolver was given."""
    stage.log.append(
        (
            "call",
            tuple(full_path(info.path)),
            repr(source),
            repr(arguments),
            info.field_name,
            [id(node) for node in info.field_nodes],
            str(info.return_type),
            str(info.parent_type),
            id(info.schema),
            sorted(info.fragments),
            repr(info.root_value),
            id(info.operation),
            repr(info.variable_values.coerced),
            sorted(info.variable_values.sources),
            type(info),
            info.is_awaitable is is_awaitable,
            info.abort_signal,
            callable(info.async_helpers.gather),
        )
    )


def full_path(path: Path | None) -> Iterator[tuple[object, str | None]]:
    while path is not None:
        yield path.key, path.typename
        path = path.prev


def deliver(stage: Stage, path: Steps, type_: GraphQLOutputType, info: Info) -> Value:
    """Give a value for a type, now or later, or fail to."""
    chance = stage.chance(path, "deliver")
    how = chance.choice(["now", "now", "later", "later", "object", "future"])
    if how == "now":
        return make(stage, chance, path, type_, info)
    ticks = chance.randrange(5)
    awaitable = later(stage, ticks, path, lambda: make(stage, chance, path, type_, info))
    if how == "object":
        return Promise(awaitable)
    return asyncio.ensure_future(awaitable) if how == "future" else awaitable


class Promise:
    """An awaitable that is no coroutine."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaitable.__await__()


async def later(stage: Stage, ticks: int, path: Steps, make_value: Callable[[], Any]) -> Value:
    """Give a value after some turns of the loop, and log the turns and the cancellation."""
    try:
        for tick in range(ticks):
            stage.log.append(("tick", tuple(path), tick))
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        stage.log.append(("cancelled", tuple(path)))
        if ticks > 2:  # takes its time
            await asyncio.sleep(0)
        raise
    stage.log.append(("done", tuple(path)))
    return make_value()


def make(stage: Stage, chance: Random, path: Steps, type_: GraphQLOutputType, info: Info) -> Value:
    """Make a proper value for a type, or trouble."""
    if stage.is_trouble(chance):
        return misbehave(stage, chance, str(path))
    if is_non_null_type(type_):
        type_ = type_.of_type
    elif chance.randrange(8) == 0:
        return None
    if is_list_type(type_):
        return make_list(stage, chance, path, type_.of_type, info)
    named = get_named_type(type_)
    if isinstance(named, GraphQLEnumType):
        return chance.choice(list(named.values.values())).value
    if is_abstract_type(named):
        named = chance.choice(info.schema.get_possible_types(named))
    if is_object_type(named):
        return chance.choice([Creature, Record])(stage, named.name, path)
    return make_scalar(chance, named.name)


def make_scalar(chance: Random, name: str) -> Value:
    values: dict[str, list[Value]] = {
        "String": ["a", "ü", Anyhow("b"), 7, True, 1.5],
        "ID": ["id", 9, Anyhow("c")],
        "Int": [0, -1, 12, True, "13", 4.0],
        "Float": [0.5, 2, "1.25", True],
        "Boolean": [True, False, 1, 0.0],
        "Anything": ["x", {"a": [1]}, 3, [None], "later", "nothing", "undefined", "fails"],
    }
    return chance.choice(values[name])


def make_list(stage: Stage, chance: Random, path: Steps, item: GraphQLOutputType, info: Info) -> Value:
    paths = [[index, *path] for index in range(chance.randrange(4))]

    def items() -> Iterator[Any]:
        for item_path in paths:
            yield deliver(stage, item_path, item, info)
            if stage.chance(item_path, "iteration").randrange(100) * 4 < stage.trouble:
                raise LookupError(f"iteration failed at {item_path}")

    kind = chance.choice(["list", "list", "list", "tuple", "generator", "async"])
    if kind == "generator":
        return items()
    if kind == "async":
        return AsyncItems(stage, path, items())
    if kind == "tuple":
        return tuple(deliver(stage, item_path, item, info) for item_path in paths)
    return [deliver(stage, item_path, item, info) for item_path in paths]


class AsyncItems:
    """An asynchronous iterable that logs when it is closed."""

    def __init__(self, stage: Stage, path: Steps, items: Iterator[Any]) -> None:
        self._stage, self._path, self._items = stage, path, items

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Value:
        await asyncio.sleep(0)
        try:
            return next(self._items)
        except StopIteration:
            raise StopAsyncIteration from None

    async def aclose(self) -> None:
        self._stage.log.append(("closed", tuple(self._path)))


class RefusalError(Exception):
    """An error with extensions of its own."""

    extensions: ClassVar = {"code": "REFUSED"}


def misbehave(stage: Stage, chance: Random, about: str) -> Value:
    """Give or raise something that no resolver should."""
    trouble = chance.randrange(12)
    if trouble < 3:
        raise [ValueError, RefusalError, GraphQLError][trouble](f"raised at {about}")
    if trouble == 3:
        raise GraphQLError("with extensions", extensions={"at": about})
    if trouble == 4:
        raise GraphQLError("of another place", path=["elsewhere", 1])
    if trouble == 5:
        return KeyError(f"returned at {about}")
    return [None, Undefined, [], {}, b"bytes", float("nan"), {"name": "mapping"}, ("a", ("b",))][
        trouble - 6 + chance.randrange(3)
    ]


def is_type_of(type_name: str) -> Callable[[Any, Info], Any]:
    """Give the check that a value is of a type: mostly right, at once or later."""

    def check(value: Value, info: Info) -> Value:
        stage: Stage = info.context
        of = getattr(value, "_type_name", None)
        chance = stage.chance(repr(value), type_name, "is_type_of")
        stage.log.append(("is_type_of", type_name, repr(value), tuple(full_path(info.path))))
        if stage.is_trouble(chance):
            return raise_error("is_type_of") if chance.randrange(2) else of != type_name
        verdict = chance.choice([of == type_name, 1 if of == type_name else 0])
        if chance.randrange(2):
            return later(stage, chance.randrange(3), [type_name, repr(value)], lambda: verdict)
        return verdict

    return check


def resolve_type(value: Value, info: Info, _type: object) -> Value:
    """Tell the type name of a value: mostly right, at once or later."""
    stage: Stage = info.context
    of = getattr(value, "_type_name", None)
    chance = stage.chance(repr(value), "resolve_type")
    stage.log.append(("resolve_type", repr(value), tuple(full_path(info.path))))
    wrong: list[Value] = [None, 42, "Nowhere", "Colour", "Query", [], Undefined]
    name = chance.choice(wrong) if stage.is_trouble(chance) else of
    if chance.randrange(8) == 0 and isinstance(name, str):
        name = Anyhow(name)
    if chance.randrange(3):
        return name
    return later(stage, chance.randrange(3), ["type", repr(value)], lambda: name)


def serialise(value: Value) -> Value:
    """Serialise an Anything: to itself, or to trouble."""
    if value == "fails":
        raise_error("serialise")
    if value == "later":
        return sleeping("was later")
    return {"nothing": None, "undefined": Undefined}.get(value, value) if isinstance(value, str) else value


async def sleeping(value: Value) -> Value:
    await asyncio.sleep(0)
    return value


def raise_error(about: str) -> Value:
    raise RuntimeError(f"{about} failed")
