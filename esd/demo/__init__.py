"""`esd demo`: two real daemons keep in sync before one's eyes.

Nothing is played: both have their state on disk, listen on loopback, and are each
other's peer by the configuration they would be given in a file. The demo only writes
documents, as a local tool would, and watches what arrives.
"""

from esd.demo.command import add_arguments, demo
from esd.demo.sides import OpenDaemon

__all__ = ["OpenDaemon", "add_arguments", "demo"]
