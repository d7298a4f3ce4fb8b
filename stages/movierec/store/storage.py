"""The storage seam: everything that the store reads or writes passes through a few verbs.

A name is relative to the store's root, with `/` between its parts. What is under a name is
whole and never changes: it is put once, read by anybody, and removed. Another storage is
another class with these verbs, and a line in `at`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO, Protocol

from movierec.store.durable import Disk
from movierec.store.lending import Lent
from movierec.url import Url


class Storage(Protocol):
    """Put if absent, read, list, remove, and sweep up after those that died.

    An error that ends the program is an OSError of a disk, and Unavailable of a server.
    """

    def put_new(self, name: str, write: Callable[[BinaryIO], object]) -> int:
        """Put what `write` writes under `name`, whole and durably; its size in bytes.

        Never replaces: raises FileExistsError when the name is taken, and then what has it
        is durable. `write` has run to its end in both cases. Raises FileNotFoundError when
        the owner of the folder settled it (`names`) meanwhile; nothing is put then. Where a
        put is one request there is nothing to settle: it succeeds, however late. So whoever
        may have slept looks again after the put (`tail`).
        """
        ...

    def open(self, name: str) -> BufferedIOBase:
        """What is under `name`, seekable. Raises FileNotFoundError."""
        ...

    def lend(self, name: str) -> Lent:
        """What a program that is not ours opens `name` by, whether it is there or not."""
        ...

    def names(self, folder: str, *, settle: bool = False) -> list[str]:
        """The last parts of the names directly below `folder`, sorted; [] when there are none.

        With `settle`, which is for the one owner of the folder: removes first what writers
        that died left unfinished, and makes durable what they finished.
        """
        ...

    def remove(self, *names: str) -> None:
        """Take the names away, those that are there, in no order that anybody may count on: who
        dies meanwhile leaves some of them. What must go first is a call of its own."""
        ...

    def sweep(self, folder: str) -> None:
        """Remove what writers that died left unfinished directly below `folder`, which many may
        write to. Whoever is at work keeps its own."""
        ...

    def check(self, name: str) -> None:
        """Raises Unavailable unless `name`, which has been put, is refused in every way that
        this storage puts: all that is promised of the store follows from that."""
        ...

    def ahead(self) -> "AbstractContextManager[Storage]":
        """The same, for opening the names of one folder in ascending order: where each costs a
        way to a server, those behind are fetched meanwhile."""
        ...


def at(root: Path) -> Storage:
    """The storage that `root` names."""
    if isinstance(root, Url):
        # dvc.yaml's days are on disk: what S3 takes is nothing that its outputs depend on.
        storage: Storage = import_module("movierec.store.s3").s3(root)
        return storage
    return Disk(root)


def has(storage: Storage, name: str) -> bool:
    """Whether something is under `name`."""
    try:
        storage.open(name).close()
    except FileNotFoundError:
        return False
    return True
