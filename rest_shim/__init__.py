"""The legacy door: routes, envelopes, the errno table and the dialects."""
