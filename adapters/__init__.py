"""Implementations of the ports that the resolvers ask for: SMS senders, avatar stores, state stores."""
