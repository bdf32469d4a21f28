"""Compiled operations: a validated GraphQL operation is planned once and then run from closures.

What happens on almost every request (reading fields, completing values, merging fragments) is compiled here;
what happens rarely (errors, async iterables, refused runtime types) is left to graphql-core's own executor.
Nothing but graphql-core is needed, save in `strawberry_fields`, the one seam that knows Strawberry.
"""

from graphql_http.compiled.executor import CompilingExecutor
from graphql_http.compiled.operation import CompiledOperation, compile_operation
from graphql_http.compiled.shortcuts import NO_SHORTCUTS, Shortcuts

__all__ = ["NO_SHORTCUTS", "CompiledOperation", "CompilingExecutor", "Shortcuts", "compile_operation"]
