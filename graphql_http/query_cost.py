"""How much a document asks for, counted in one linear walk.

Each definition is surveyed once; a fragment's cost is added wherever it is spread. The obvious recursive walk
over every path is itself the attack: fragments that spread the next one twice cost it two to the power of their
number.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
)

from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import RequestRefusedError, exceeds, refuse_operation, shorten
from graphql_http.options import EndpointOptions

COUNT_CEILING: Final = 1_000_000_000
"""Fragments that double a hundred times make counts of a hundred bits; nobody needs to know them exactly."""

_Code = EndpointErrorCode

# What is limited, by its name in the cost and, with `_maximum`, in the options.
_LIMITS: Final = {
    "mutations": (_Code.MUTATION_LIMIT_EXCEEDED, "Mutations"),
    "tokens": (_Code.TOKEN_LIMIT_EXCEEDED, "Tokens"),
    "depth": (_Code.DEPTH_LIMIT_EXCEEDED, "Levels of fields"),
    "aliases": (_Code.ALIAS_LIMIT_EXCEEDED, "Aliases"),
    "root_fields": (_Code.ROOT_FIELD_LIMIT_EXCEEDED, "Top-level fields"),
    "directives": (_Code.DIRECTIVE_LIMIT_EXCEEDED, "Directives"),
    "selections": (_Code.SELECTION_LIMIT_EXCEEDED, "Selections"),
}


@dataclass(slots=True)
class QueryCost:
    """What an operation, a fragment or a whole batch asks for."""

    tokens: int = 0
    depth: int = 0
    aliases: int = 0
    selections: int = 0
    directives: int = 0
    root_fields: int = 0
    mutations: int = 0
    single_use: Counter[str] = field(default_factory=Counter)

    def add(self, other: "QueryCost") -> None:
        """Put `other` beside this: counts add up, the deeper depth holds."""
        self.tokens += other.tokens
        self.depth = max(self.depth, other.depth)
        self.aliases += other.aliases
        self.selections += other.selections
        self.directives += other.directives
        self.root_fields += other.root_fields
        self.mutations += other.mutations
        self.single_use.update(other.single_use)


@dataclass(frozen=True, slots=True)
class Spread:
    """A fragment spread: whose, how deep its fields come to be, and whether they are top-level fields."""

    name: str
    depth: int
    is_at_root: bool
    is_introspective: bool


@dataclass(slots=True)
class Survey:
    """One definition's own cost, and the fragments that it spreads."""

    cost: QueryCost
    spreads: list[Spread]


def measure_operations(
    document: DocumentNode, options: EndpointOptions
) -> list[tuple[OperationDefinitionNode, QueryCost]]:
    """Measure every operation of `document`, fragments included.

    Raises:
        RequestRefusedError: one place carries too many directives, or a fragment spreads itself.
    """
    definitions = document.definitions
    fragments = {
        d.name.value: _survey(d, options) for d in definitions if isinstance(d, FragmentDefinitionNode)
    }
    costs = _measure_fragments(fragments)
    operations = [d for d in definitions if isinstance(d, OperationDefinitionNode)]
    return [(o, _measure_operation(o, costs, options)) for o in operations]


def check_cost(cost: QueryCost, options: EndpointOptions) -> None:
    """Refuse what asks for more than `options` allow.

    Raises:
        RequestRefusedError: with the code of the first limit that is exceeded, the limit and the value.
    """
    for name in sorted(name for name, count in cost.single_use.items() if count > 1):
        what = f"Uses of the mutation `{name}` in one request"
        raise exceeds(EndpointErrorCode.SINGLE_USE_FIELD_REPEATED, what, 1, cost.single_use[name])
    for name, (code, what) in _LIMITS.items():
        value, maximum = getattr(cost, name), getattr(options, f"{name}_maximum")
        if value > maximum:
            raise exceeds(code, f"{what} in one request", maximum, value)


def sum_costs(costs: Iterable[QueryCost]) -> QueryCost:
    """Measure a whole batch."""
    total = QueryCost()
    for cost in costs:
        total.add(cost)
    return total


def _measure_operation(
    operation: OperationDefinitionNode, fragments: Mapping[str, QueryCost], options: EndpointOptions
) -> QueryCost:
    survey = _survey(operation, options)
    cost = _combine(survey, fragments)
    cost.directives += sum(len(v.directives or ()) for v in operation.variable_definitions or ())
    if operation.operation is OperationType.MUTATION:
        cost.mutations = cost.root_fields
    else:
        cost.single_use.clear()
    return cost


def _measure_fragments(surveys: Mapping[str, Survey]) -> dict[str, QueryCost]:
    """Combine each fragment once, those first that it spreads, without recursion.

    Raises:
        RequestRefusedError: a fragment spreads itself. Validation would say so too, after ten times as long.
    """
    costs: dict[str, QueryCost] = {}
    for start in surveys:
        path = [] if start in costs else [(start, iter(surveys[start].spreads))]
        open_names = {start}
        while path:
            name, spreads = path[-1]
            below = next((s.name for s in spreads if s.name in surveys and s.name not in costs), None)
            if below in open_names:
                raise _spreads_itself(below)
            if below is not None:
                path.append((below, iter(surveys[below].spreads)))
                open_names.add(below)
            else:
                path.pop()
                open_names.discard(name)
                costs[name] = _combine(surveys[name], costs)
    return costs


def _spreads_itself(name: str) -> RequestRefusedError:
    message = shorten(f"Fragment '{name}' spreads itself, directly or through others.")
    return refuse_operation(EndpointErrorCode.GRAPHQL_VALIDATION_FAILED, message)


def _combine(survey: Survey, fragments: Mapping[str, QueryCost]) -> QueryCost:
    """Add the costs of the fragments that `survey` spreads to its own."""
    own = survey.cost
    for spread in survey.spreads:
        cost = fragments.get(spread.name)
        if cost is None:
            continue
        own.aliases = min(own.aliases + cost.aliases, COUNT_CEILING)
        own.selections = min(own.selections + cost.selections, COUNT_CEILING)
        own.directives = min(own.directives + cost.directives, COUNT_CEILING)
        if not spread.is_introspective:
            own.depth = max(own.depth, spread.depth - 1 + cost.depth)
        if spread.is_at_root:
            own.root_fields = min(own.root_fields + cost.root_fields, COUNT_CEILING)
            for name, count in cost.single_use.items():
                own.single_use[name] = min(own.single_use[name] + count, COUNT_CEILING)
    return own


def _survey(definition: OperationDefinitionNode | FragmentDefinitionNode, options: EndpointOptions) -> Survey:
    """Count one definition, looking at each of its selections once."""
    survey = Survey(QueryCost(directives=_count_directives(definition, options)), [])
    stack = [_Level(definition.selection_set, depth=1, is_at_root=True, is_introspective=False)]
    while stack:
        level = stack.pop()
        survey.cost.selections += len(level.selection_set.selections)
        for selection in level.selection_set.selections:
            survey.cost.directives += _count_directives(selection, options)
            below = _enter(selection, level, survey, options)
            if below is not None:
                stack.append(below)
    return survey


@dataclass(frozen=True, slots=True)
class _Level:
    """A selection set on the walk, and where it stands."""

    selection_set: SelectionSetNode
    depth: int
    is_at_root: bool
    is_introspective: bool


def _enter(
    selection: SelectionNode, level: _Level, survey: Survey, options: EndpointOptions
) -> _Level | None:
    """Count one selection; the level below it is given back to be walked."""
    if isinstance(selection, FieldNode):
        return _enter_field(selection, level, survey.cost, options)
    if isinstance(selection, InlineFragmentNode):
        return _Level(selection.selection_set, level.depth, level.is_at_root, level.is_introspective)
    if isinstance(selection, FragmentSpreadNode):
        spread = Spread(selection.name.value, level.depth, level.is_at_root, level.is_introspective)
        survey.spreads.append(spread)
    return None


def _enter_field(node: FieldNode, level: _Level, cost: QueryCost, options: EndpointOptions) -> _Level | None:
    name = node.name.value
    if node.alias is not None:
        cost.aliases += 1
    if level.is_at_root:
        cost.root_fields += 1
        if name in options.single_use_fields:
            cost.single_use[name] += 1
    if not level.is_introspective:
        cost.depth = max(cost.depth, level.depth)
    if node.selection_set is None:
        return None
    # Descriptions of the schema are nested by nature, and only the schema's owner can make them large.
    is_introspective = level.is_introspective or name in {"__schema", "__type"}
    return _Level(node.selection_set, level.depth + 1, is_at_root=False, is_introspective=is_introspective)


def _count_directives(
    node: SelectionNode | OperationDefinitionNode | FragmentDefinitionNode, options: EndpointOptions
) -> int:
    count = len(node.directives or ())
    if count > options.directives_per_field_maximum:
        code, maximum = EndpointErrorCode.FIELD_DIRECTIVE_LIMIT_EXCEEDED, options.directives_per_field_maximum
        raise exceeds(code, "Directives at one place", maximum, count)
    return count
