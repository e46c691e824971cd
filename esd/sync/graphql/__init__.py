"""earthstar-graphql as a peer: a server of the classic world with words of its own."""

from esd.sync.graphql.conversation import graphql_sync

__all__ = ["graphql_sync"]
