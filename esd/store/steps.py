"""The way through all documents by path and author, in steps of bounded work.

Between two documents that count there may be any number that do not: expired and not
yet removed, or by further authors at a path already told. Whoever looks for the next
one that counts would hold up everybody, so a step has a number of documents that it
looks at, and may bring nothing.
"""

from collections.abc import Iterator
from itertools import chain, islice

from esd.store.by_hash import HashReader
from esd.store.lookup import Key
from esd.store.pages import PAGE_ROWS, Given

__all__ = ["LIVING", "StepReader", "stopping", "up_to"]

LIVING = "(delete_after IS NULL OR delete_after >= :now)"


class StepReader(HashReader):
    """Reads that take steps."""

    def step(self, after: Key, high: str | None, rows: int) -> Key | None:
        """The key of the document that comes so many later, living or not."""
        found: Key | None = self._db.execute(
            "SELECT path, author FROM documents"
            f" WHERE (path, author) > (:path, :author){up_to(high, None)}"
            " ORDER BY path, author LIMIT 1 OFFSET :others",
            {"path": after[0], "author": after[1], "high": high, "others": rows - 1},
        ).fetchone()
        return found

    def path_steps(
        self, now: int, paths: tuple[str, str | None], given: Given | None = None
    ) -> Iterator[list[str]]:
        """The distinct paths of living documents that *given* says yes to, in order.

        With paths[0] <= path (< paths[1]); a step may bring none.
        """
        low, high = paths
        last, key = "", (low, "")
        while True:
            stop = self.step(key, high, PAGE_ROWS)
            rows = self._paths(now, key, high, stop, given)
            found = dict.fromkeys(row[0] for row in rows)
            found.pop(last, None)  # by another author, at the end of the step before
            yield list(found)
            if stop is None:
                return
            last, key = next(reversed(found), last), stop

    def _paths(
        self,
        now: int,
        after: Key,
        high: str | None,
        stop: Key | None,
        given: Given | None,
    ) -> Iterator[tuple[str, ...]]:
        columns = (
            "DISTINCT path" if given is None else "path, author, timestamp, format"
        )
        rows = self._db.execute(
            f"SELECT {columns} FROM documents"
            f" WHERE (path, author) > (:path, :author){up_to(high, stop)}"
            f" AND {LIVING} ORDER BY path",
            {"path": after[0], "author": after[1], "high": high, "now": now}
            | stopping(stop),
        )
        return rows if given is None else (row for row in rows if given(*row))

    def paths(self, now: int, after: str = "", *, rows: int = PAGE_ROWS) -> list[str]:
        """The distinct paths of living documents, sorted, after a path."""
        found = chain.from_iterable(self.path_steps(now, (after, None)))
        return list(islice((path for path in found if path != after), rows))


def up_to(high: str | None, stop: Key | None) -> str:
    """Paths below *high*, and keys up to *stop*."""
    below = "" if high is None else " AND path < :high"
    last = "" if stop is None else " AND (path, author) <= (:stop_path, :stop_author)"
    return below + last


def stopping(stop: Key | None) -> dict[str, str | None]:
    """The parameters of that."""
    path, author = stop or (None, None)
    return {"stop_path": path, "stop_author": author}
