"""Where the document of a request comes from: its own text, a manifest, or a hash."""

from graphql import GraphQLSchema

from graphql_http.documents import Documents, PreparedDocument
from graphql_http.error_codes import EndpointErrorCode
from graphql_http.errors import RequestRefusedError, refuse, refuse_operation
from graphql_http.options import EndpointOptions
from graphql_http.persisted import PersistedQueries, check_hash
from graphql_http.reading import Parameters
from graphql_http.trusted import TrustedDocuments, TrustMode, options_for_trusted


class DocumentLookup:
    """Finds and prepares the document that a request means."""

    def __init__(
        self,
        schema: GraphQLSchema,
        options: EndpointOptions,
        *,
        trusted: TrustedDocuments | None,
        persisted: PersistedQueries | None,
    ) -> None:
        self.documents = Documents(schema, options)
        self.trusted_documents = Documents(schema, options_for_trusted(options))
        self._trusted = trusted
        self._trusted_texts = frozenset(trusted.texts.values()) if trusted else frozenset()
        self._is_only = trusted is not None and trusted.mode is TrustMode.ONLY
        self._persisted = persisted

    def find_at_once(self, parameters: Parameters) -> PreparedDocument | None:
        """Give the prepared document where nothing but its own text is needed, which is nearly always; else None.

        Raises:
            RequestRefusedError: it cannot be prepared.
        """
        extensions = parameters.extensions
        is_persisted = extensions is not None and extensions.persisted_query is not None
        if parameters.query is None or is_persisted or self._trusted is not None:
            return None
        return self.documents.prepare(parameters.query)

    async def find(self, parameters: Parameters, address: str) -> PreparedDocument:
        """Give the prepared document.

        Raises:
            RequestRefusedError: none is named, it is not known, not trusted, or cannot be prepared.
        """
        text = parameters.query
        extension = parameters.extensions and parameters.extensions.persisted_query
        if text is None:
            text = self._find_trusted(parameters)
        if text is not None and text in self._trusted_texts:
            return self.trusted_documents.prepare(text)
        if self._is_only:
            message = "This server runs only documents that were registered with it: send the id of one."
            raise refuse_operation(EndpointErrorCode.DOCUMENT_NOT_TRUSTED, message, status=403)
        if extension:
            return await self._find_persisted(check_hash(extension, text), text, address)
        if text is None:
            raise self._nothing_named(parameters)
        return self.documents.prepare(text)

    def _find_trusted(self, parameters: Parameters) -> str | None:
        """Look the request's id up in the manifest: by the specification's draft, Apollo's or Relay's parameter."""
        if self._trusted is None:
            return None
        extension = parameters.extensions and parameters.extensions.persisted_query
        ids = (parameters.document_id, extension and extension.sha256_hash, parameters.doc_id, parameters.id)
        found = (self._trusted.find(i) for i in ids if isinstance(i, str))
        return next((text for text in found if text is not None), None)

    async def _find_persisted(self, sha256_hex: str, text: str | None, address: str) -> PreparedDocument:
        if self._persisted is None:
            code, message = EndpointErrorCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported"
            raise refuse_operation(code, message)
        if text is None:
            # What is kept here already needs no way to the state store: the hash says that it is the same text.
            kept = self.documents.find_by_hash(sha256_hex)
            return kept or self.documents.prepare(await self._persisted.find(sha256_hex))
        prepared = self.documents.prepare(text)
        await self._persisted.keep(sha256_hex, text, address)
        return prepared

    def _nothing_named(self, parameters: Parameters) -> RequestRefusedError:
        if self._trusted is not None and isinstance(
            parameters.document_id or parameters.doc_id or parameters.id, str
        ):
            message = "No document is registered by this id."
            return refuse_operation(EndpointErrorCode.PERSISTED_QUERY_NOT_FOUND, message)
        return refuse(EndpointErrorCode.BAD_REQUEST, "The parameter `query` is missing; it must be a string.")
