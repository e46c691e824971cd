"""Our copies of workspaces: one door in, one list out."""

from esd.replica.clock import Clock
from esd.replica.commits import Shared
from esd.replica.etags import OUR_TAG
from esd.replica.indexes import Shelf
from esd.replica.intake import (
    IN_FLIGHT,
    IN_FLIGHT_IN_ALL,
    Intake,
    TooManyInvalid,
    take_in,
)
from esd.replica.large import LARGE
from esd.replica.limits import Bounds
from esd.replica.lines import lines_of, read_lines
from esd.replica.listing import Listing
from esd.replica.marks import Marks
from esd.replica.replica import LOCAL, Replica
from esd.replica.replicas import Replicas, TooManyWorkspaces
from esd.replica.run import Run, inline
from esd.replica.tally import QUERY, QUOTA, Outcome, Tally, Verdict

__all__ = [
    "IN_FLIGHT",
    "IN_FLIGHT_IN_ALL",
    "LARGE",
    "LOCAL",
    "OUR_TAG",
    "QUERY",
    "QUOTA",
    "Bounds",
    "Clock",
    "Intake",
    "Listing",
    "Marks",
    "Outcome",
    "Replica",
    "Replicas",
    "Run",
    "Shared",
    "Shelf",
    "Tally",
    "TooManyInvalid",
    "TooManyWorkspaces",
    "Verdict",
    "inline",
    "lines_of",
    "read_lines",
    "take_in",
]
