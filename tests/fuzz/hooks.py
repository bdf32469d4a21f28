"""What Schemathesis is told of the gateway: who calls, which values are real, and what no answer may say.

Runs in an environment of its own, which has Schemathesis and nothing of the gateway.
"""

import atexit
import itertools
import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import graphql
import schemathesis  # type: ignore[import-not-found]  # only where this runs
from hypothesis import strategies as st
from schemathesis.graphql import nodes  # type: ignore[import-not-found]

from tests.fuzz.lending import FIXTURE, PICTURE, Case, Sessions, new_address, real_values, rng

RENEWAL_TURNS = 20
LENT_SHARE = 0.6
ERRNOS = frozenset(
    (0, 4001, 4002, 4003, 4004, 4101, 4102, 4103, 4104, 4105, 4106, 4201, 4202, 4301, 4302, 4500, 4501)
)
FAULTS = frozenset((4500, 4501))
TRACEBACK = re.compile(rb"Traceback \(most recent call last\)|\.py\", line \d")

REST_ACTIONS = {
    "/api/smscode": "send",
    "/api/register": "register",
    "/api/login": "login",
    "/api/profile/name": "name",
    "/api/profile/auth": "auth",
    # The further paths of the dialect `ihome`.
    "/api/phonecode": "send",
    "/api/smsCode": "send",
    "/api/signup": "register",
}
REST_NAMES = {
    "captcha_id": "image_code_id",
    "captcha_text": "image_code_text",
    "sms_code": "phonecode",
    "id_number": "id_card",
}
GRAPHQL_ACTIONS = {
    "sendSmsCode": "send",
    "register": "register",
    "login": "login",
    "updateName": "name",
    "submitAuth": "auth",
}
GRAPHQL_NAMES = {
    "captcha_id": "captchaId",
    "captcha_text": "captchaText",
    "sms_code": "smsCode",
    "real_name": "realName",
    "id_number": "idNumber",
}

turns = itertools.count(1)
sessions = Sessions()
outcomes: Counter[str] = Counter()


class Response(Protocol):
    """What is used here of an answer."""

    status_code: int
    headers: Any
    content: bytes


def before_call(context: object, case: Case, kwargs: dict[str, Any]) -> None:
    """Lend to the request, and give it an address of its own."""
    if next(turns) % RENEWAL_TURNS == 1:
        sessions.renew()
    case.headers["X-Forwarded-For"] = new_address()
    sessions.lend(case)
    if rng.random() < LENT_SHARE:
        # A busy machine may refuse us a captcha or a code: then there is nothing to lend.
        with suppress(LookupError, graphql.GraphQLError):
            lend = lend_to_graphql if case.path == "/graphql" else lend_to_rest
            lend(case, kwargs)


def lend_to_rest(case: Case, kwargs: dict[str, Any]) -> None:
    if case.path == "/api/profile/avatar" and case.method == "POST":
        kwargs["files"] = {"avatar": ("a.png", PICTURE, "image/png")}
    elif case.path in REST_ACTIONS and isinstance(case.body, dict):
        values = real_values(REST_ACTIONS[case.path])
        case.body = {**case.body, **{REST_NAMES.get(name, name): value for name, value in values.items()}}


def lend_to_graphql(case: Case, kwargs: dict[str, Any]) -> None:
    """Send the arguments as variables, with real values among them."""
    operation = graphql.parse(case.body).definitions[0]
    if not isinstance(operation, graphql.OperationDefinitionNode):
        return
    variables: dict[str, Any] = {}
    definitions: list[str] = []
    selections: list[str] = []
    for selected in operation.selection_set.selections:
        if not isinstance(selected, graphql.FieldNode) or not selected.arguments:
            selections.append(graphql.print_ast(selected))
            continue
        name, variable = selected.name.value, f"v{len(variables)}"
        variables[variable] = real_argument(name, selected.arguments[0])
        needed = "" if name == "createCaptcha" else "!"
        definitions.append(f"${variable}: {name[0].upper()}{name[1:]}Input{needed}")
        selections.append(graphql.print_ast(with_variable(selected, selected.arguments[0], variable)))
    if variables:
        query = f"{operation.operation.value} ({', '.join(definitions)}) {{ {' '.join(selections)} }}"
        kwargs["json"] = {"query": query, "variables": variables}


def with_variable(
    field: graphql.FieldNode, argument: graphql.ArgumentNode, variable: str
) -> graphql.FieldNode:
    value = graphql.VariableNode(name=graphql.NameNode(value=variable))
    return replace(field, arguments=(replace(argument, value=value),))


def real_argument(field: str, argument: graphql.ArgumentNode) -> object:
    value = graphql.value_from_ast_untyped(argument.value)
    action = GRAPHQL_ACTIONS.get(field)
    if action is None or not isinstance(value, dict):
        return value
    return {**value, **{GRAPHQL_NAMES.get(name, name): real for name, real in real_values(action).items()}}


def answers_well(ctx: object, response: Response, case: Case) -> None:
    """No fault, no traceback, nothing to be cached; at either door, its own form of saying yes or no."""
    assert response.status_code < 500, "a server error"
    assert not TRACEBACK.search(response.content), "a traceback in the answer"
    headers = {name: values[0] for name, values in response.headers.items()}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    if "json" in headers["content-type"]:
        answer = json.loads(response.content)
        if case.path.startswith("/api/"):
            check_envelope(answer, case)
        else:
            check_graphql(answer, case)
    else:
        assert response.content.startswith(b"\x89PNG"), "neither JSON nor a picture"
        outcomes[f"{case.method} {case.path}: 0"] += 1


def check_envelope(answer: dict[str, Any], case: Case) -> None:
    outcomes[f"{case.method} {case.path}: {answer['errno']}"] += 1
    assert answer["errno"] in ERRNOS, "an errno that is not in the table"
    assert answer["errno"] not in FAULTS, "an unexpected fault"
    assert isinstance(answer["errmsg"], str), "errmsg is no text"
    assert (answer["errno"] == 0) == (answer["errmsg"] == "OK"), "errno and errmsg disagree"


def check_graphql(answer: dict[str, Any], case: Case) -> None:
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    for value in (answer.get("data") or {}).values():
        refusals = value.get("errors") if isinstance(value, dict) else None
        codes += [refusal.get("code", "refused") for refusal in refusals or []]
    outcomes.update(f"{case.operation.label}: {code}" for code in codes or ["0"])
    assert "INTERNAL" not in codes, "an unexpected fault"


def write_report() -> None:
    Path(FIXTURE["report"]).write_text(json.dumps(dict(sorted(outcomes.items()))), "utf-8")


schemathesis.hook(before_call)
schemathesis.check(answers_well)
# No file goes into a document; as text it has to be refused.
schemathesis.graphql.scalar("Upload", st.text().map(nodes.String))
atexit.register(write_report)
