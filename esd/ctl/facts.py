"""What the daemon answered, read with tolerance.

The daemon may be older or newer than esdctl. A field that is missing, or is not what we
expect, is simply not known: it reads as nothing, and the rest is still shown.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

__all__ = ["Facts"]


class Facts:
    """One JSON object; anything else counts as an empty one. `raw` is as it came."""

    def __init__(self, raw: object = None) -> None:
        self.raw = raw
        self._members: Mapping[str, object] = raw if isinstance(raw, dict) else {}

    @classmethod
    def parse(cls, text: bytes) -> "Facts":
        """Raises ValueError where it is not JSON."""
        return cls(json.loads(text))

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __contains__(self, name: str) -> bool:
        return self._members.get(name) is not None

    def text(self, name: str) -> str:
        """A string, or what else is no object or array as JSON has it; else empty."""
        value = self._members.get(name)
        if isinstance(value, str):
            return value
        return json.dumps(value) if isinstance(value, int | float) else ""

    def count(self, name: str) -> int:
        value = self._members.get(name)
        return value if type(value) is int else 0  # a bool is an int too

    def flag(self, name: str) -> bool:
        return self._members.get(name) is True

    def moment(self, name: str) -> datetime | None:
        """A time as RFC 3339 has it."""
        try:
            moment = datetime.fromisoformat(self.text(name))
        except ValueError:
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def part(self, name: str) -> "Facts":
        return Facts(self._members.get(name))

    def parts(self, name: str) -> "list[Facts]":
        value = self._members.get(name)
        return [Facts(one) for one in value] if isinstance(value, list) else []

    def texts(self, name: str) -> list[str]:
        value = self._members.get(name)
        return [str(one) for one in value] if isinstance(value, list) else []
