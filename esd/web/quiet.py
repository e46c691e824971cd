"""What strangers may write into our log: so many lines a minute.

Each refusal is worth a line, and making us refuse costs a stranger one packet: at a
thousand lines a second a disk is full in days, and the journal drops what matters.
"""

import logging

__all__ = ["AtMost"]


class AtMost(logging.Filter):
    """Lets `count` lines of INFO or less through in a minute; the last one says so."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        self._passed = 0
        self._minute = 0

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno > logging.INFO:
            return True
        minute = int(record.created // 60)
        if minute != self._minute:
            self._minute, self._passed = minute, 0
        self._passed += 1
        if self._passed == self._count:
            record.msg = f"{record.msg} (and no more such lines this minute)"
        return self._passed <= self._count
