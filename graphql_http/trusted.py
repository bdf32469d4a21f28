"""Documents that were registered beforehand, read from the manifests that clients' tools write.

A trusted document is spared the limits on its shape, because its operator has seen it; what one request may do
(mutations, single-use fields, variables, body) holds for it too.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import msgspec

from graphql_http.options import EndpointOptions

PREFIX: Final = "sha256:"
UNBOUNDED: Final = 10**9


class TrustMode(StrEnum):
    """Whether other documents are served as well."""

    PREFER = "prefer"
    ONLY = "only"


class ManifestError(ValueError):
    """The manifest cannot be read; the message says what is wrong with it."""


class ManifestOperation(msgspec.Struct):
    """One entry of Apollo's manifest."""

    id: str
    body: str


class ApolloManifest(msgspec.Struct):
    """What `@apollo/generate-persisted-query-manifest` writes."""

    format: str
    version: int
    operations: list[ManifestOperation]


@dataclass(frozen=True, slots=True)
class TrustedDocuments:
    """The texts by their ids, and the mode."""

    texts: dict[str, str]
    mode: TrustMode = TrustMode.PREFER

    def find(self, document_id: str) -> str | None:
        """Find a text by its id, with or without the prefix `sha256:`."""
        return self.texts.get(document_id) or self.texts.get(document_id.removeprefix(PREFIX))


def load_manifest(path: Path, mode: TrustMode = TrustMode.PREFER) -> TrustedDocuments:
    """Read a manifest in Apollo's format, or Relay's (an object from ids to texts).

    Raises:
        ManifestError: the file cannot be read or is in neither format.
    """
    try:
        return TrustedDocuments(read_manifest(path.read_bytes()), mode)
    except OSError as error:
        raise ManifestError(f"the manifest of trusted documents cannot be read: {error.strerror}") from error


def read_manifest(content: bytes) -> dict[str, str]:
    """Read the texts by their ids.

    Raises:
        ManifestError: the content is in neither format.
    """
    try:
        manifest: Any = msgspec.json.decode(content)
        if isinstance(manifest, dict) and "operations" in manifest and "format" in manifest:
            return _read_apollo(msgspec.convert(manifest, ApolloManifest))
        return msgspec.convert(manifest, dict[str, str])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ManifestError(f"the manifest of trusted documents is in no known format: {error}") from error


def options_for_trusted(options: EndpointOptions) -> EndpointOptions:
    """The limits that hold for a trusted document."""
    return replace(
        options,
        tokens_maximum=UNBOUNDED,
        literals_maximum_characters=UNBOUNDED,
        depth_maximum=UNBOUNDED,
        aliases_maximum=UNBOUNDED,
        root_fields_maximum=UNBOUNDED,
        directives_maximum=UNBOUNDED,
        directives_per_field_maximum=UNBOUNDED,
        selections_maximum=UNBOUNDED,
        overlap_steps_maximum=UNBOUNDED,
    )


def _read_apollo(manifest: ApolloManifest) -> dict[str, str]:
    if manifest.format != "apollo-persisted-query-manifest" or manifest.version != 1:
        raise ManifestError("the manifest of trusted documents has a format or version that is not known")
    return {operation.id: operation.body for operation in manifest.operations}
