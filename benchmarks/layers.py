"""Times layers of code where they are: functions are wrapped, and each gets the time that none below it took."""

import importlib
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any


class Layers:
    """Exclusive nanoseconds by label. Only for requests one after the other that never wait."""

    def __init__(self) -> None:
        self.nanoseconds: dict[str, int] = defaultdict(int)
        self._open: list[str] = []
        self._since = 0

    def enter(self, label: str) -> None:
        """From now on time belongs to `label`."""
        now = perf_counter_ns()
        if self._open:
            self.nanoseconds[self._open[-1]] += now - self._since
        self._open.append(label)
        self._since = perf_counter_ns()

    def leave(self) -> None:
        """From now on time belongs to whoever called."""
        now = perf_counter_ns()
        self.nanoseconds[self._open.pop()] += now - self._since
        self._since = perf_counter_ns()

    def wrap(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, timed."""
        if inspect.iscoroutinefunction(function):

            async def awaited(*arguments: Any, **named: Any) -> Any:
                self.enter(label)
                try:
                    return await function(*arguments, **named)
                finally:
                    self.leave()

            return awaited

        def called(*arguments: Any, **named: Any) -> Any:
            self.enter(label)
            try:
                return function(*arguments, **named)
            finally:
                self.leave()

        return called


@contextmanager
def timed(layers: Layers, places: Sequence[tuple[str, str]]) -> Iterator[list[str]]:
    """Wrap what stands at `places`: pairs of a label and `module:attribute` or `module:Class.attribute`.

    Gives the places that are there no more.
    """
    undo: list[tuple[Any, str, Any]] = []
    missing: list[str] = []
    try:
        for label, place in places:
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            holder: Any = importlib.import_module(module)
            for owner in owners:
                holder = getattr(holder, owner, None)
            if holder is None or not hasattr(holder, name):
                missing.append(place)
                continue
            undo.append((holder, name, getattr(holder, name)))
            setattr(holder, name, layers.wrap(label, getattr(holder, name)))
        yield missing
    finally:
        for holder, name, original in reversed(undo):
            setattr(holder, name, original)
