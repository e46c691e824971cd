"""Others call us: what a pub serves to its peers."""

from esd.pub.app import Pub
from esd.pub.v1 import PUSHED, PubSettings

__all__ = ["PUSHED", "Pub", "PubSettings"]
