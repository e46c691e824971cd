"""Times and sizes in a person's words.

On a terminal a time is told from now ("3 min ago", "in 18 s"): that is what someone who
looks wants to know. Anywhere else, and where asked for, it is RFC 3339 in UTC: a report
is read later.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

__all__ = ["Times", "grouped", "plural", "size", "span", "stamp_of"]

JUST_NOW = 1.0  # seconds; clocks are read twice, so less is not worth a number


class Times(NamedTuple):
    """`now` is seconds since 1970."""

    now: float
    relative: bool

    def tell(self, moment: datetime | None, unknown: str = "never") -> str:
        if moment is None:
            return unknown
        return self._relative(moment) if self.relative else self.stamp(moment)

    def tell_fully(self, moment: datetime | None, unknown: str = "never") -> str:
        """Both ways, where there is room."""
        if moment is None or not self.relative:
            return self.tell(moment, unknown)
        return f"{self._relative(moment)} ({moment.astimezone():%Y-%m-%d %H:%M:%S})"

    def since(self, moment: datetime) -> str:
        """How long something has been so."""
        lasted = span(self.now - moment.timestamp())
        return f"for {lasted}" if self.relative else f"since {self.stamp(moment)}"

    def tell_briefly(self, moment: datetime | None, unknown: str = "never") -> str:
        """What is past by its largest unit only, where many stand below each other."""
        told = self.tell(moment, unknown)
        number, unit, *rest = [*told.split(), ""]
        return f"{number} {unit} ago" if "ago" in rest else told

    def lasting(self, since: datetime | None) -> str:
        return span(self.now - since.timestamp()) if since else ""

    def _relative(self, moment: datetime) -> str:
        ahead = moment.timestamp() - self.now
        if abs(ahead) < JUST_NOW:
            return "now"
        return f"in {span(ahead)}" if ahead > 0 else f"{span(-ahead)} ago"

    @staticmethod
    def stamp(moment: datetime) -> str:
        second = timedelta(seconds=round(moment.timestamp()))
        whole = datetime(1970, 1, 1, tzinfo=UTC) + second
        return f"{whole:%Y-%m-%dT%H:%M:%S}Z"


def stamp_of(microseconds: int) -> str:
    """A time as documents have it; empty for what is none."""
    try:
        moment = datetime.fromtimestamp(microseconds / 1_000_000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return Times.stamp(moment) if microseconds else ""


def span(seconds: float) -> str:
    """A length of time by its two largest units, such as "2 h 3 min"."""
    if 0 < seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    if 0 < seconds < 10 and seconds != round(seconds):
        return f"{seconds:.1f} s"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    units = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
    first = next(i for i, (unit, _) in enumerate(units) if whole >= unit)
    (larger, name), *rest = units[first : first + 2]
    counted = [f"{whole // larger} {name}"]
    for smaller, below in rest:
        if part := whole % larger // smaller:
            counted.append(f"{part} {below}")
    return " ".join(counted)


def size(octets: int) -> str:
    amount = float(octets)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{octets} B" if unit == "B" else f"{amount:.1f} {unit}"


def grouped(number: int) -> str:
    return f"{number:,}"


def plural(number: int, word: str) -> str:
    return f"{grouped(number)} {word}" + ("" if number == 1 else "s")
