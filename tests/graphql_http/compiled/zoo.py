"""A schema with everything that operations may meet, whose resolvers do anything that resolvers may do.

What a resolver does follows from the seed of the stage and the response path alone, so that two executors see
the very same behaviour, whatever the order in which they call; and the stage notes that order.
"""

from graphql import GraphQLScalarType, GraphQLSchema, build_schema, is_object_type

from tests.graphql_http.compiled import resolver_outcomes

SDL = """
enum Colour { RED GREEN BLUE }
scalar Anything

input Filter {
  text: String = "any"
  colours: [Colour!]
  limit: Int! = 3
  inner: Filter
  anything: Anything
}
input Choice @oneOf { text: String  number: Int  filter: Filter }

interface Node { id: ID!  self: Node  related(first: Int = 2): [Node!] }
interface Named implements Node {
  id: ID!  self: Node  related(first: Int = 2): [Node!]
  name(upper: Boolean! = false): String
}
union Thing = Keeper | Robot | Cage

type Keeper implements Node & Named {
  id: ID!
  self: Node
  related(first: Int = 2): [Node!]
  name(upper: Boolean! = false): String!
  boss: Keeper
  chief: Keeper!
  pulse: Int!
  outcomes: [String!]!
  cages(filter: Filter): [Cage!]!
  grid: [[Int]!]
  colour: Colour!
  plain: String
  plainNonNull: Int!
  plainList: [String]
  plainBoss: Keeper
}
type Robot implements Node & Named {
  id: ID!
  self: Node!
  related(first: Int = 2): [Node!]
  name(upper: Boolean! = false): String
  maker: Named!
  serial: Int!
  battery: Float!
  plain: String
}
type Cage implements Node {
  id: ID!
  self: Node!
  related(first: Int = 2): [Node!]
  things: [Thing]
  thing: Thing!
  size: Float!
  mate: Cage!
  isOpen: Boolean!
  colours: [Colour!]
  plain: Anything
}

type Query {
  keeper(id: ID! = "1"): Keeper
  theKeeper: Keeper!
  keepers(filter: Filter, choice: Choice, first: Int): [Keeper]
  node(id: ID, colour: Colour = GREEN): Node
  nodes: [Node!]!
  thing: Thing
  things(anything: Anything, texts: [String!]): [Thing]
  named: Named!
  anything(of: Anything): Anything
  words(count: Int! = 2): [String!]
  flag: Boolean
  number: Float!
}
type Mutation {
  hire(filter: Filter!): Keeper
  fire(id: ID!): Keeper!
  build(choice: Choice): Robot
  clean: [Cage!]
  count(step: Int = 1): Int!
}
"""

DEFAULT_RESOLVED = frozenset({"plain", "plainNonNull", "plainList", "plainBoss"})


def build_zoo() -> GraphQLSchema:
    """Build the schema and give it its moody resolvers."""
    schema = build_schema(SDL)
    for type_ in schema.type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                if name not in DEFAULT_RESOLVED:
                    field.resolve = resolver_outcomes.resolve
    for name in ("Keeper", "Robot"):
        checked = schema.type_map[name]
        assert is_object_type(checked)
        checked.is_type_of = resolver_outcomes.is_type_of(name)
    node = schema.type_map["Node"]
    node.resolve_type = resolver_outcomes.resolve_type  # type: ignore[attr-defined]
    anything = schema.type_map["Anything"]
    assert isinstance(anything, GraphQLScalarType)
    anything.coerce_output_value = resolver_outcomes.serialise
    return schema
