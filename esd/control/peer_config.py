"""A peer as it is configured: what could be put back into the file.

Of its key it is told only whether there is one.
"""

from math import isinf

import msgspec

from esd.formats import Queries
from esd.sync import PeerSettings

__all__ = ["PeerConfigShape", "config_of"]

COMMON, LISTED = "common", "listed"


class PeerConfigShape(msgspec.Struct, frozen=True, kw_only=True):
    """`shares`: whether the workspaces are listed, or all that both of us have.

    Queries are null where those of each workspace hold.
    """

    url: str
    direction: str
    protocol: str
    interval_seconds: float | None  # null: only when asked
    shares: str
    incoming: Queries | None
    outgoing: Queries | None
    key: bool
    create_workspaces: bool
    live: bool


def config_of(settings: PeerSettings) -> PeerConfigShape:
    interval = settings.rhythm.interval
    return PeerConfigShape(
        url=settings.url,
        direction=settings.direction.value,
        protocol=settings.protocol.value,
        interval_seconds=None if isinf(interval) else interval,
        shares=COMMON if settings.common else LISTED,
        incoming=settings.incoming,
        outgoing=settings.outgoing,
        key=settings.key is not None,
        create_workspaces=settings.creates,
        live=settings.live,
    )
