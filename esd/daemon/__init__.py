"""The running esd: what is open, every task, and the order of the end."""

from esd.daemon.clocks import wall_clock
from esd.daemon.opening import connect_over_http, open_daemon
from esd.daemon.service import run
from esd.daemon.tree import Daemon

__all__ = ["Daemon", "connect_over_http", "open_daemon", "run", "wall_clock"]
