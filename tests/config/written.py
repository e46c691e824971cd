"""Configurations for tests, and what comes of them."""

import pytest

from esd.config import ConfigError, parse_config

GARDEN = """\
[[workspace]]
address = "+garden.friends"
alias = "garden"
"""
PEER = """\
[[peer]]
name = "home"
"""
AFTER_GARDEN = 4  # the line that comes after it
AFTER_PEER = 6

KEY = "0123456789abcdef"


def config(text):
    return parse_config(text, "esd.toml")


def workspace(*lines):
    """A configuration with one workspace; the lines begin at AFTER_GARDEN."""
    return "\n".join([GARDEN.strip(), *lines])


def peer(*lines):
    """The workspace and one peer; the lines begin at AFTER_PEER."""
    return "\n".join([(GARDEN + PEER).strip(), *lines])


def called(*lines):
    """A peer that has all it needs; the lines begin two after AFTER_PEER."""
    return peer('url = "https://pub"', 'workspaces = ["garden"]', *lines)


def the_workspace(text):
    (found,) = config(text).workspaces
    return found


def the_peer(text):
    (found,) = config(text).peers
    return found


def problem(text):
    """(line, key, text) of the only mistake."""
    with pytest.raises(ConfigError) as caught:
        config(text)
    (found,) = caught.value.problems
    return found.line, found.key, found.text
