"""The OpenAPI 3.1 document of the shim, made from the same tables that the shim runs on."""

from rest_shim.openapi.document import Deployment, make_document

__all__ = ["Deployment", "make_document"]
