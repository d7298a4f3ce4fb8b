"""What writers that died left unfinished where no owner clears up after them.

A partition's folder is settled by whoever claims it (tail), a day's by whoever closes it (closing).
The folders here are written to by any member at any time: only what nobody is at work on goes.
"""

from collections.abc import Iterable

from movierec.store.days import day_name_of
from movierec.store.expired import FOLDER
from movierec.store.storage import Storage


def sweep(storage: Storage, topics: Iterable[str]) -> None:
    """Remove the leftovers of the store's own folders and of these topics."""
    storage.sweep("")
    for topic in topics:
        for folder in (f"{topic}/closings", f"{topic}/lineage", f"{FOLDER}/{topic}"):
            storage.sweep(folder)
        for day in storage.names(f"{topic}/days"):
            storage.sweep(day_name_of(topic, day))
