"""Whether others on this machine can read a file that holds keys."""

import os
import stat

__all__ = ["is_exposed"]


def is_exposed(status: os.stat_result) -> bool:
    """Readable by more than its owner and our own group.

    A service's file is root's, and readable by the group that the service runs as.
    """
    foreign = status.st_gid != os.getegid()
    return bool(status.st_mode & (stat.S_IROTH | (stat.S_IRGRP if foreign else 0)))
