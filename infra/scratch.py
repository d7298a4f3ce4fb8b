"""Folders to work in that go with whoever works there: at the end, or, after a kill, when the next
one comes. A release's files are gigabytes; night after night they would fill a disk."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = "movierec-"


@contextmanager
def scratch(what: str) -> Iterator[Path]:
    """A new folder below the system's temporary one, called by what it is for.

    It is locked as long as this process is there. Those of the same user that nobody locks any more
    are removed first.
    """
    sweep(Path(tempfile.gettempdir()), what)
    with tempfile.TemporaryDirectory(prefix=f"{NAME}{what}-", ignore_cleanup_errors=True) as name:
        held = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield Path(name)
        finally:
            os.close(held)


def sweep(place: Path, what: str) -> list[Path]:
    """Remove from `place` the folders of `scratch` whose makers are dead; those removed.

    One that was made and not locked yet looks like theirs: a folder is left for its first minute.
    """
    return [
        folder for folder in place.glob(f"{NAME}{what}-*") if _is_left(folder) and _removed(folder)
    ]


def _is_left(folder: Path) -> bool:
    """Whether it is ours, a folder, and no process holds its lock."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        found = os.fstat(held)
        if found.st_uid != os.getuid() or found.st_mtime > _now(folder.parent) - 60:
            return False
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


def _now(place: Path) -> float:
    """The time of the file system there, whatever this machine's clock says: seconds since 1970."""
    with tempfile.TemporaryFile(dir=place) as file:
        return os.fstat(file.fileno()).st_mtime


def _removed(folder: Path) -> bool:
    with suppress(OSError):
        shutil.rmtree(folder)
    return not folder.exists()
