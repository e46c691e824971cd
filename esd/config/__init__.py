"""TOML text -> one frozen `Config`, or a `ConfigError` that names every mistake.

Only the daemon and the command line read this; all others get the values they declared.
"""

from esd.config.problems import ConfigError, Problem
from esd.config.reading import parse_config, read_config
from esd.config.settings import (
    Config,
    ControlSettings,
    HttpSettings,
    NewWorkspaces,
    WorkspaceSettings,
)

__all__ = [
    "Config",
    "ConfigError",
    "ControlSettings",
    "HttpSettings",
    "NewWorkspaces",
    "Problem",
    "WorkspaceSettings",
    "parse_config",
    "read_config",
]
