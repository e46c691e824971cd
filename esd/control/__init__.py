"""The operator calls us."""

from esd.control.node import Node

__all__ = ["Node"]
