"""Log lines on stderr: for a person, for the journal, or as JSON.

Whoever logs takes care that no workspace address is said; the net here is for what
slips through, such as the text of a foreign exception. It works on the finished line,
so that arguments, extra fields and tracebacks all pass it, and there is no way around:
uncaught exceptions and warnings are log lines too, and a line that cannot be made says
so without its arguments. A message is one line whatever a peer puts into it.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import TracebackType
from typing import TextIO

__all__ = ["LogFormat", "in_journal", "make_handler", "redact", "set_up"]

log = logging.getLogger(__name__)

# Grammar of a workspace address; in a URL its plus sign may be percent-encoded. A few
# innocent words fall too: better than one address that does not.
_ADDRESS = re.compile(r"(?:\+|%2[Bb])[a-z][a-z0-9]{0,14}\.[A-Za-z0-9]{1,53}")

# C0, DEL and C1: they would break the line, or speak to the operator's terminal.
_CONTROLS = {c: f"\\x{c:02x}" for c in [*range(0x20), *range(0x7F, 0xA0)]}
_KEEP_LINES = {c: text for c, text in _CONTROLS.items() if chr(c) != "\n"}

# syslog's numbers, as journald reads them from the head of a line.
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4))

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def set_up(
    *,
    level: int = logging.INFO,
    form: LogFormat = LogFormat.TEXT,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Send everything that this process logs, or dies of, to stderr."""
    handler = make_handler(sys.stderr, form=form, journal=in_journal(environ))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable
    for talkative in ("httpx", "httpcore"):  # they tell each URL, with the address
        logging.getLogger(talkative).setLevel(logging.WARNING)


def make_handler(stream: TextIO, *, form: LogFormat, journal: bool) -> logging.Handler:
    handler = _Handler(stream)
    handler.setFormatter(_Formatter(form, journal=journal))
    return handler


def in_journal(environ: Mapping[str, str], fd: int = 2) -> bool:
    """Whether *fd* is the journal's own socket, and not a file it was redirected to."""
    try:
        found = os.fstat(fd)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def redact(text: str) -> str:
    return _ADDRESS.sub("<workspace>", text)


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Say where it was logged; logging itself would print the arguments."""
        try:
            place = f"{record.name}:{record.lineno}"
            self.stream.write(f"a log line could not be written, from {place}\n")
        except (OSError, ValueError):
            return  # stderr itself is gone, and there is nowhere to tell it


class _Formatter(logging.Formatter):
    def __init__(self, form: LogFormat, *, journal: bool) -> None:
        super().__init__()
        self._form = form
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        as_json = self._form is LogFormat.JSON
        text = redact(self._json(record) if as_json else self._text(record))
        if not self._journal:
            return text
        # journald takes each line for an entry, so each needs its priority.
        prefix = f"<{_priority(record.levelno)}>"
        return "\n".join(prefix + line for line in text.split("\n"))

    def _text(self, record: logging.LogRecord) -> str:
        said = " ".join([record.getMessage(), *_pairs(record)]).translate(_CONTROLS)
        text = f"{record.name}: {said}"
        if not self._journal:  # which knows time and level
            text = f"{self.formatTime(record)} {record.levelname} {text}"
        trace = self._trace(record).translate(_KEEP_LINES)
        return f"{text}\n{trace}" if trace else text

    def _json(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            **_extra(record),
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if trace := self._trace(record):
            line["trace"] = trace
        return json.dumps(line, default=str)

    def _trace(self, record: logging.LogRecord) -> str:
        parts = [record.stack_info or ""]
        if record.exc_info and record.exc_info[1]:
            parts.append(self.formatException(record.exc_info))
        return "\n".join(filter(None, parts))


def _extra(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra=`."""
    return {key: value for key, value in vars(record).items() if key not in _PLAIN}


def _pairs(record: logging.LogRecord) -> list[str]:
    return [f"{key}={value}" for key, value in _extra(record).items()]


def _priority(level: int) -> int:
    for above, number in _PRIORITIES:
        if level >= above:
            return number
    return 6 if level >= logging.INFO else 7


def _log_uncaught(
    kind: type[BaseException], exc: BaseException, trace: TracebackType | None
) -> None:
    log.critical("esd stops: %s", kind.__name__, exc_info=(kind, exc, trace))


def _log_unraisable(found: "sys.UnraisableHookArgs") -> None:
    """An exception where nobody could catch it, such as in a finalizer."""
    exc = found.exc_value
    log.error("an exception had nowhere to go", exc_info=exc)
