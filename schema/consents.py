"""What people agree to, as the GraphQL door takes and shows it."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from resolvers import consents
from resolvers.policy import Document
from schema.context import Info

CONSENTS = "What the person agrees to; `CONSENT_REQUIRED` names what this installation asks for."


@strawberry.input(description="One version of a document that a person agrees to.")
class ConsentInput:
    """Input."""

    document: str = strawberry.field(description="Its name, such as `terms`.")
    version: str = strawberry.field(description="The version that the person was shown.")


@strawberry.type(description="One version of a document that the viewer has agreed to.")
class Consent:
    """See `resolvers.consents.Consent`."""

    document: str = strawberry.field(description="Its name.")
    version: str = strawberry.field(description="Its version.")
    given_at: datetime = strawberry.field(description="When it was agreed to, UTC.")


def documents_of(given: Sequence[ConsentInput] | None) -> list[Document]:
    """What a client says that its person agrees to."""
    return [Document(consent.document, consent.version) for consent in given or ()]


async def list_consents(info: Info) -> list[Consent]:
    """The viewer's consents as this door shows them."""
    return [
        Consent(document=consent.document, version=consent.version, given_at=consent.given_at)
        for consent in await consents.list_own_consents(info.context.ctx)
    ]
