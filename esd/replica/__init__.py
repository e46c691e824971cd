"""Our copies of workspaces: one door in, one list out."""

from esd.replica.clock import Clock
from esd.replica.intake import IN_FLIGHT_IN_ALL, Intake, TooManyInvalid, take_in
from esd.replica.limits import Bounds
from esd.replica.listing import Listing
from esd.replica.marks import Marks
from esd.replica.replica import LOCAL, OUR_TAG, Replica, Run, inline
from esd.replica.replicas import Replicas, TooManyWorkspaces
from esd.replica.tally import QUOTA, Tally

__all__ = [
    "IN_FLIGHT_IN_ALL",
    "LOCAL",
    "OUR_TAG",
    "QUOTA",
    "Bounds",
    "Clock",
    "Intake",
    "Listing",
    "Marks",
    "Replica",
    "Replicas",
    "Run",
    "Tally",
    "TooManyInvalid",
    "TooManyWorkspaces",
    "inline",
    "take_in",
]
