"""The finished lines, and what can never be in one."""

import io
import json
import logging
import os
import re
import subprocess
import sys

import pytest

from esd.log import LogFormat, in_journal, make_handler, redact

CANARY = "+canary.b0123456789abc"


class Written:
    """A logger of its own, and what it wrote."""

    def __init__(self, form=LogFormat.TEXT, *, journal=False):
        self.stream = io.StringIO()
        self.log = logging.getLogger("esd.part")
        self.log.setLevel(logging.DEBUG)
        self.log.propagate = False
        self.log.handlers = [make_handler(self.stream, form=form, journal=journal)]

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def value(self):
        return json.loads(self.text)


def fail(text):
    raise ValueError(text)


WAYS = {
    "message": lambda log: log.info(f"got {CANARY}"),  # noqa: G004
    "argument": lambda log: log.info("got %s", CANARY),
    "url": lambda log: log.info("GET /earthstar-api/v1/%s/documents", CANARY),
    "encoded-url": lambda log: log.info("GET /%s", CANARY.replace("+", "%2B")),
    "bytes": lambda log: log.info("%r", CANARY.encode()),
    "extra": lambda log: log.info("got", extra={"workspace": CANARY}),
    "traceback": lambda log: log_failure(log, CANARY),
    "chained": lambda log: log_failure(log, CANARY, chained=True),
    "broken-arguments": lambda log: log.info("%d", CANARY),
    "stack": lambda log: log.info("here", stack_info=True, extra={"a": [CANARY]}),
}


def log_failure(log, text, *, chained=False):
    try:
        try:
            fail(text)
        except ValueError as exc:
            if chained:
                raise RuntimeError("later") from exc
            raise
    except (ValueError, RuntimeError):
        log.exception("it failed")


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize("form", list(LogFormat))
@pytest.mark.parametrize("journal", [False, True])
def test_a_workspace_address_is_in_no_line(way, form, journal):
    written = Written(form, journal=journal)
    WAYS[way](written.log)
    assert written.text
    assert CANARY[1:] not in written.text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("+garden.friends", "<workspace>"),
        ("/v1/+garden.friends/documents", "/v1/<workspace>/documents"),
        ("/v1/%2bgarden.friends?x", "/v1/<workspace>?x"),
        ("+a.b +c.d", "<workspace> <workspace>"),
        ("@suzy.bxyz", "@suzy.bxyz"),
        ("2026-11-22T10:00:00+01.5", "2026-11-22T10:00:00+01.5"),
        ("+garden", "+garden"),
    ],
)
def test_the_net(text, redacted):
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("two\nlines", "two\\x0alines"),
        ("\r\x1b[31mred", "\\x0d\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("grün", "grün"),
    ],
)
def test_a_message_stays_on_its_line(text, line):
    written = Written(journal=True)
    written.log.info("%s", text)
    assert written.text == f"<6>esd.part: {line}\n"


def test_a_line_for_a_person_has_the_time():
    written = Written()
    written.log.warning("peer %s", "home", extra={"failures": 3})
    stamp, rest = written.text.split(" WARNING ")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}", stamp)
    assert rest == "esd.part: peer home failures=3\n"


@pytest.mark.parametrize(
    ("level", "priority"), [(10, 7), (20, 6), (25, 6), (30, 4), (40, 3), (50, 2)]
)
def test_the_journal_gets_priorities(level, priority):
    written = Written(journal=True)
    written.log.log(level, "said")
    assert written.text == f"<{priority}>esd.part: said\n"


def test_each_line_of_a_traceback_has_its_priority():
    written = Written(journal=True)
    log_failure(written.log, "one\ntwo\x1b")
    lines = written.text.splitlines()
    assert all(line.startswith("<3>") for line in lines)
    assert lines[0] == "<3>esd.part: it failed"
    assert lines[-1] == "<3>two\\x1b"


def test_json_is_one_object_a_line():
    written = Written(LogFormat.JSON)
    log_failure(written.log, "a\nb")
    assert written.text.count("\n") == 1
    value = written.value
    assert re.fullmatch(r"[\d-]{10}T[\d:]{8}\.\d{3}Z", value.pop("time"))
    assert value.pop("trace").endswith("ValueError: a\nb")
    assert value == {"level": "error", "logger": "esd.part", "message": "it failed"}


def test_json_carries_the_extra_fields():
    written = Written(LogFormat.JSON)
    written.log.info("run", extra={"peer": "home", "message_id": 7, "odd": {1}})
    assert written.value["peer"] == "home"
    assert written.value["message_id"] == 7
    assert written.value["odd"] == "{1}"


def test_an_exception_that_is_none_is_no_traceback():
    written = Written(journal=True)
    written.log.error("said", exc_info=(None, None, None))
    assert written.text == "<3>esd.part: said\n"


def test_the_journal_is_known_by_its_socket():
    reading, writing = os.pipe()
    try:
        found = os.fstat(writing)
        named = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert in_journal(named, writing)
        assert not in_journal({"JOURNAL_STREAM": "8:1"}, writing)
        assert not in_journal({}, writing)
    finally:
        os.close(reading)
        os.close(writing)
    assert not in_journal(named, writing)


def run(script, **environ):
    """What a process that sets up logging writes on stderr."""
    code = f"import logging, warnings, esd.log\n{script}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (f"raise ValueError({CANARY!r})", "CRITICAL esd.log: esd stops: ValueError"),
        (
            f"raise ExceptionGroup('x', [ValueError({CANARY!r})])",
            "CRITICAL esd.log: esd stops: ExceptionGroup",
        ),
        (f"warnings.warn({CANARY!r})", "WARNING py.warnings: "),
        (
            f"class Odd:\n def __del__(self): raise ValueError({CANARY!r})\n"
            "odd = Odd(); del odd",
            "ERROR esd.log: an exception had nowhere to go",
        ),
        (f"logging.getLogger('x').info('%d', {CANARY!r})", "could not be written"),
    ],
    ids=["uncaught", "group", "warning", "finalizer", "bad-log-call"],
)
def test_whatever_a_process_dies_of_passes_the_net(script, said):
    written = run(f"esd.log.set_up()\n{script}")
    assert said in written
    assert CANARY[1:] not in written


def test_http_libraries_do_not_tell_urls():
    script = "for name in ('httpx', 'httpcore.http11'): logging.getLogger(name).info(1)"
    assert run(f"esd.log.set_up(level=logging.DEBUG)\n{script}") == ""


def test_a_redirected_stderr_is_not_the_journal():
    written = run("esd.log.set_up()\nlogging.info('x')", JOURNAL_STREAM="8:1")
    assert " INFO root: x" in written
