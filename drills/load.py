"""Load that keeps books: what was asked, what was answered, and what must therefore be there."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from drills.actors import Person
from drills.visitors import Answer, Doors


@dataclass(slots=True)
class Renaming:
    """One person who changes the name again and again, one request at a time."""

    person: Person
    confirmed: str | None = None
    unanswered: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    async def run(self, doors: Doors, until: asyncio.Event, pause_seconds: float = 0.02) -> None:
        """Go on until `until` is set."""
        number = 0
        while not until.is_set():
            number += 1
            name = f"n{number} of {self.person.id}"
            answer = await doors.post("/api/profile/name", token=self.person.token, name=name)
            self.note(name, answer)
            await asyncio.sleep(pause_seconds)

    def note(self, name: str, answer: Answer) -> None:
        """Keep the books: after a success only that name, or a later one without an answer, may be there."""
        self.answers.append(answer)
        if answer.is_success:
            self.confirmed, self.unanswered = name, []
        else:
            self.unanswered.append(name)

    def fits(self, name: object) -> bool:
        """Whether what is there now agrees with the answers."""
        expected = {self.confirmed or self.person.national, *self.unanswered}
        return name in expected


@dataclass(slots=True)
class Crowd:
    """Many who rename themselves at once."""

    renamings: list[Renaming]

    @classmethod
    def of(cls, people: Sequence[Person]) -> "Crowd":
        """One for each."""
        return cls([Renaming(person) for person in people])

    @property
    def answers(self) -> list[Answer]:
        """All answers so far."""
        return [answer for renaming in self.renamings for answer in renaming.answers]

    @property
    def outcomes(self) -> dict[int | str, int]:
        """How often which outcome came."""
        return dict(Counter(answer.outcome for answer in self.answers))

    @property
    def slowest_seconds(self) -> float:
        """The slowest answer."""
        return max((answer.seconds for answer in self.answers), default=0.0)

    async def run(self, doors: Doors, seconds: float) -> None:
        """Go on for so long."""
        until = asyncio.Event()
        tasks = self.start(doors, until)
        await asyncio.sleep(seconds)
        until.set()
        await asyncio.gather(*tasks)

    def start(self, doors: Doors, until: asyncio.Event) -> list[asyncio.Task[None]]:
        """Begin, until `until` is set."""
        return [asyncio.create_task(renaming.run(doors, until)) for renaming in self.renamings]

    async def find_misfits(self, doors: Doors) -> list[str]:
        """Whose name does not agree with the answers."""
        misfits = []
        for renaming in self.renamings:
            answer = await doors.get("/api/profile", token=renaming.person.token)
            name = (answer.body.get("data") or {}).get("name") if answer.is_success else answer.outcome
            if not renaming.fits(name):
                misfits.append(f"{name!r}, not {renaming.confirmed!r} or {renaming.unanswered[:3]}")
        return misfits


async def measure(doors: Doors, paths: Sequence[str], seconds: float) -> list[float]:
    """The seconds that each of a row of requests took."""
    taken: list[float] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        taken += [(await doors.get(path)).seconds for path in paths]
        await asyncio.sleep(0.02)
    return taken
