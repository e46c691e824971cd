"""How many files we may have open: what the limits of the configuration can add up to.

Each workspace holds five, each connection one. A shell gives 1,024 and lets us ask for
more, so an open pub would not answer anyone after 200 workspaces.
"""

import logging
import resource

from esd.config import Config

__all__ = ["allow_files"]

log = logging.getLogger(__name__)

A_WORKSPACE = 5  # two connections to its database, its -wal and its -shm
OTHERS = 256  # peers, the control socket, the node's own file, scans


def allow_files(config: Config) -> None:
    """Raise the soft limit to what can be needed, or warn where that is forbidden."""
    needed = A_WORKSPACE * config.bounds.max_workspaces
    needed += config.limits.connections + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < needed:
        log.warning(
            "only %d files may be open, and the limits add up to %d:"
            " raise the system's limit (ulimit -n), or lower ours",
            allowed,
            needed,
        )
