"""The daemon as a service: until SIGTERM or SIGINT; the second one means now."""

import logging
import os
import signal
from pathlib import Path

import trio

from esd import places, systemd
from esd.config import Config
from esd.daemon.files import allow_files
from esd.daemon.opening import open_daemon
from esd.daemon.tree import Daemon

__all__ = ["run"]

log = logging.getLogger(__name__)


async def run(config: Config, config_file: Path | None = None) -> None:
    """Open, serve and sync, and close when told to stop."""
    os.umask(0o077)
    allow_files(config)
    with open_daemon(config, config_file=config_file) as daemon:
        daemon.control_socket = config.control.socket or places.daemon_socket()
        await daemon.run(watch=_watch_signals)


async def _watch_signals(daemon: Daemon) -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            log.info("%s: stopping", signal.Signals(number).name)
            systemd.stopping()
            daemon.stop()
