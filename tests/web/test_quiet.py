"""Strangers write only so much into our log."""

import logging

from esd.web.quiet import AtMost


def said(level, at):
    record = logging.LogRecord("esd", level, "", 1, "said %d", (7,), None)
    record.created = at
    return record


def passed(rule, level, at, count):
    records = [said(level, at) for _ in range(count)]
    return [record.getMessage() for record in records if rule.filter(record)]


def test_so_many_lines_a_minute_and_the_last_one_says_so():
    rule = AtMost(3)
    last = "said 7 (and no more such lines this minute)"
    assert passed(rule, logging.INFO, 60.0, 9) == ["said 7", "said 7", last]
    assert passed(rule, logging.INFO, 119.9, 9) == []
    assert passed(rule, logging.INFO, 120.0, 2) == ["said 7", "said 7"]


def test_what_is_worse_than_info_is_always_said():
    rule = AtMost(1)
    assert len(passed(rule, logging.INFO, 60.0, 9)) == 1
    assert len(passed(rule, logging.ERROR, 60.0, 9)) == 9
