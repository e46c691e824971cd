"""Where an unexpected exception came from, without what it says.

A traceback's frames are ours and safe to log. The exception's own text may hold
anything that a client sent: a KeyError for an unknown segment prints the segment. So a
log gets the frames and the types, of the whole chain of causes.
"""

import traceback

__all__ = ["trace_of"]


def trace_of(exc: BaseException) -> str:
    """The type, then the frames, newest last; the cause follows its consequence."""
    frames = "".join(traceback.format_tb(exc.__traceback__))
    told = f"{type(exc).__qualname__}\n{frames}".rstrip()
    if isinstance(exc, BaseExceptionGroup):
        told += "".join(f"\nwith {trace_of(part)}" for part in exc.exceptions)
    cause = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    return told if cause is None else f"{told}\nafter {trace_of(cause)}"
