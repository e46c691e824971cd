"""The operator calls us."""

from esd.control.app import Control
from esd.control.node import (
    Conflict,
    Health,
    Node,
    Problem,
    Refused,
    Reloaded,
    Severity,
)
from esd.control.socket import caller_of, open_socket, serve_control

__all__ = [
    "Conflict",
    "Control",
    "Health",
    "Node",
    "Problem",
    "Refused",
    "Reloaded",
    "Severity",
    "caller_of",
    "open_socket",
    "serve_control",
]
