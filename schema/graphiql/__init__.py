"""GraphiQL as this service hands it to a browser: page, assets and, in development, the outbox."""

from schema.graphiql.page import STATIC_DIRECTORY, GraphiQLPage, is_built

__all__ = ["STATIC_DIRECTORY", "GraphiQLPage", "is_built"]
