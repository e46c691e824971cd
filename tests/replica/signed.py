"""Documents that are signed once for all tests that need many."""

from functools import cache

from tests import replicas


@cache
def documents(count, prefix="/doc"):
    return tuple(replicas.documents(count, prefix=prefix))
