"""Who does it: somebody at a door, or an operator at the command line. Every line of the audit trail says which."""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias


class Visitor(NamedTuple):
    """Somebody who came through a door, signed in or not; `user_agent` is what the client says of itself."""

    user_agent: str = ""

    @property
    def label(self) -> str:
        """What the audit trail calls the actor."""
        return "visitor"


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who runs the installation."""

    name: str

    @property
    def label(self) -> str:
        """See `Visitor.label`."""
        return f"operator {self.name}"

    @property
    def user_agent(self) -> str:
        """Operators come by no client."""
        return ""


UNNAMED_VISITOR = Visitor()

Actor: TypeAlias = Visitor | Operator


class OperatorRequiredError(Exception):
    """What only operators may do was called for somebody else: a fault of the caller's code."""
