"""The GraphQL door: types, query and mutation fields, errors as payloads, and the endpoint that serves them."""
