"""What a person asks of their own sessions; at the GraphQL door only."""

from typing import Any

from tests.doors.door import Outcome
from tests.doors.graphql_door import ERRORS, GraphQLDoor, outcome_of
from tests.doors.harness import Harness

SESSION = "id isCurrent createdAt lastUsedAt expiresAt method userAgent deviceName address"


async def ask(door: GraphQLDoor, query: str, variables: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    answer = (await door.post(query, variables)).json()
    assert "errors" not in answer, answer
    return answer["data"]


async def list_sessions(door: GraphQLDoor) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await ask(door, f"{{ me {{ sessions {{ {SESSION} }} }} }}"))["me"][
        "sessions"
    ]
    return found


async def list_events(door: GraphQLDoor, fields: str = "kind") -> list[dict[str, Any]]:
    asked = f"{{ me {{ securityEvents {{ {fields} }} }} }}"
    found: list[dict[str, Any]] = (await ask(door, asked))["me"]["securityEvents"]
    return found


async def revoke(door: GraphQLDoor, session_id: str) -> Outcome:
    made = f"me {{ id sessions {{ id }} }} {ERRORS}"
    document = f"mutation ($id: ID!) {{ revokeSession(input: {{id: $id}}) {{ {made} }} }}"
    return outcome_of("revokeSession", await door.post(document, {"id": session_id}))


async def revoke_others(door: GraphQLDoor) -> Outcome:
    document = f"mutation {{ revokeOtherSessions {{ me {{ id sessions {{ id }} }} {ERRORS} }} }}"
    return outcome_of("revokeOtherSessions", await door.post(document))


def browser(harness: Harness, user_agent: str = "", *, address: str = "198.51.100.1") -> GraphQLDoor:
    return GraphQLDoor(harness.client(address=address, headers={"user-agent": user_agent}))
