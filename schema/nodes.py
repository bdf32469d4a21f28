"""What has an id of its own, so that a client's cache can find it again."""

import strawberry


@strawberry.interface(description="Something with an id that nothing else has.")
class Node:
    """What `node(id:)` gives."""

    id: strawberry.ID = strawberry.field(description="Opaque; never changes, never reused.")
