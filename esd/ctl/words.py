"""How a state looks: its word, a symbol and a colour that never stands alone."""

from esd.ctl.facts import Facts

__all__ = [
    "COLOURS",
    "shown_peer",
    "shown_state",
    "state_colour",
    "without_next_run",
]

COLOURS = {"green": "32", "yellow": "33", "red": "31", "cyan": "36", "dim": "2"}

_GOOD, _BUSY, _WAITS, _BAD, _OFF = "green", "cyan", "yellow", "red", "dim"
_LOOKS = {
    "in sync": ("✓", _GOOD),
    "done": ("✓", _GOOD),
    "ready": ("✓", _GOOD),
    "live": ("✓", _GOOD),
    "idle": ("·", _OFF),
    "pending": ("…", _BUSY),
    "running": ("↻", _BUSY),
    "syncing": ("↻", _BUSY),
    "starting": ("…", _BUSY),
    "stopping": ("…", _WAITS),
    "paused": ("‖", _WAITS),
    "retrying": ("!", _WAITS),
    "warning": ("!", _WAITS),
    "cancelled": ("-", _WAITS),
    "offline": ("!", _WAITS),
    "failed": ("✗", _BAD),
    "moved": ("✗", _BAD),
    "downgraded": ("✗", _BAD),
    "error": ("✗", _BAD),
}


def shown_state(state: str) -> str:
    """Such as "✓ in sync"; a state we do not know is shown as it is."""
    word = state.replace("_", " ").replace("-", " ")
    symbol = _LOOKS.get(word, ("", ""))[0]
    return f"{symbol} {word}".strip()


def shown_peer(peer: Facts) -> str:
    """Its state, and whether what is new there comes by itself."""
    return shown_state(peer.text("state")) + ", live" * peer.flag("live")


def state_colour(state: str) -> str:
    """The colour's name, or empty; what comes after a comma has none of its own."""
    word = state.partition(",")[0].replace("_", " ").replace("-", " ")
    return _LOOKS.get(word, ("", ""))[1]


def without_next_run(peer: Facts) -> str:
    """What to say of a peer that has no time for its next run."""
    words = {"paused": "when resumed", "syncing": "now", "pending": "now"}
    return words.get(peer.text("state"), "when asked")
