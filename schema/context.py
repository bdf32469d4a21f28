"""What a GraphQL field is given: the request's context and the language its caller reads."""

from typing import NamedTuple

import strawberry

from resolvers.context import Context
from resolvers.messages import Language


class GraphQLContext(NamedTuple):
    """One GraphQL request."""

    ctx: Context
    language: Language = "en"


Info = strawberry.Info[GraphQLContext, None]
