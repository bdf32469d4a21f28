"""What a GraphQL field is given: the request's context and the language its caller reads."""

from typing import NamedTuple

import strawberry

from resolvers.context import Context
from resolvers.texts import Language


class GraphQLContext(NamedTuple):
    """One GraphQL request."""

    ctx: Context
    language: Language = "en"


Info = strawberry.Info[GraphQLContext, None]


def preferred_language(accept_language: str) -> Language:
    """`zh` or `en`, whichever stands with the higher weight; `en` when neither does (RFC 9110, 12.5.4)."""
    weights: dict[str, float] = {}
    for part in accept_language[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in {"zh", "en"}:
            weights[primary] = max(weights.get(primary, 0.0), _weight(parameter))
    return "zh" if weights.get("zh", 0.0) > weights.get("en", 0.0) else "en"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
