"""The set of all items, kept over a restart.

Of all sets only this one: it is what two peers compare who name no paths, and the
dearest to make. It is saved at a time when nobody waits for it, once it has changed
much since it was saved last: forty bytes for each item, after ten thousand changes at
the least.

How a saved set and the rows after it become the set of now, store/items_log tells.
"""

import logging
import os
from contextlib import suppress
from pathlib import Path

from esd.errors import OperatorMustAct
from esd.reconcile import Items, key_of
from esd.reconcile.blocks import Blocks
from esd.store import (
    Mark,
    Reader,
    ReplicaFile,
    SavedSet,
    Since,
    Unusable,
    read_head,
    read_keys,
    write_saved,
)

__all__ = ["drop_draft", "load", "much_changed", "put_in_place", "save"]

log = logging.getLogger(__name__)

LEAST = 10_000  # changes: to make a set of so many takes 20 ms
MOST = 50_000
SHARE = 16  # of the set
NAME = 16  # bytes


def much_changed(changes: int, size: int) -> bool:
    """Whether a set of *size* that changed so much since then is worth saving."""
    return changes >= min(max(LEAST, size // SHARE), MOST)


def load(file: ReplicaFile, reader: Reader) -> tuple[Items, int] | None:
    """The items of all rows, expired ones too, and how many changed since the save.

    None: there is no saved set, or none that is of use.
    """
    try:
        with file.saved_items.open("rb") as source:
            saved = read_head(source)
            since = reader.items_since(saved.name, saved.mark)
            if since is None:
                return None
            blocks = Blocks([], [], [])
            for packed in read_keys(source, saved):
                blocks.append(packed)
    except FileNotFoundError:
        return None
    except (OSError, Unusable):
        log.info("%s: the saved set of items is not whole", file.local_id)
        return None
    return _after(Items(blocks=blocks), since), len(since.gone) + len(since.came)


def _after(items: Items, since: Since) -> Items:
    for one in since.gone:
        items.remove(key_of(*one))
    for one in since.came:
        items.insert(key_of(*one))
    return items


def save(file: ReplicaFile, items: Items, mark: Mark) -> SavedSet:
    """Write the set into a draft, for `put_in_place`. Raises OperatorMustAct."""
    saved = SavedSet(os.urandom(NAME), mark, len(items))
    try:
        write_saved(file.items_draft, saved, items.packed())
    except OSError as exc:
        drop_draft(file)
        raise _in_the_way(file.items_draft, exc) from exc
    return saved


def put_in_place(file: ReplicaFile, saved: SavedSet) -> None:
    """From now on the log follows this set, unless it was given up meanwhile.

    Raises OperatorMustAct.
    """
    try:
        file.items_draft.rename(file.saved_items)
        if not file.items_log.follow(saved.name, saved.mark):
            file.saved_items.unlink()
    except OSError as exc:
        raise _in_the_way(file.saved_items, exc) from exc
    finally:
        drop_draft(file)


def drop_draft(file: ReplicaFile) -> None:
    """What is left of a save that came to nothing, if there was one."""
    with suppress(OSError):
        file.items_draft.unlink()


def _in_the_way(path: Path, exc: OSError) -> OperatorMustAct:
    return OperatorMustAct(
        f"{path.name} cannot be written: {exc.strerror}",
        hint="check the state directory's owner and free space",
    )
