"""What goes back and forth between us and one peer, as values."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass

__all__ = ["Answer", "Reply", "Traffic"]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What went over the wire: requests, and the bytes of their bodies."""

    requests: int = 0
    sent: int = 0
    received: int = 0

    def __add__(self, other: "Traffic") -> "Traffic":
        return Traffic(
            self.requests + other.requests,
            self.sent + other.sent,
            self.received + other.received,
        )

    def __sub__(self, other: "Traffic") -> "Traffic":
        return self + Traffic(-other.requests, -other.sent, -other.received)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole small answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer whose body is still to come: an async iterable of its pieces."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncGenerator[bytes, None]

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.pieces
