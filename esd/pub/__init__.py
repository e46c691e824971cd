"""Others call us: what a pub serves to its peers."""

from esd.pub.app import Pub
from esd.pub.callers import Caller
from esd.pub.serving import PUSHED, Lasting
from esd.pub.settings import PubSettings, SyncLimits

__all__ = ["PUSHED", "Caller", "Lasting", "Pub", "PubSettings", "SyncLimits"]
