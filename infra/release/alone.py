"""One release at a time in a repository, and one after the other who move tags."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.release.leftovers import take_away
from infra.repository import git
from movierec.errors import Unavailable

NAME = "movierec-release.lock"
TURN = "movierec-production.lock"


@contextmanager
def alone(repository: Path) -> Iterator[None]:
    """Hold the repository's lock, which the kernel takes back however this process ends.

    Raises Unavailable, with the other's process id, when another holds it.
    """
    with _held(repository, NAME, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextmanager
def in_turn(repository: Path) -> Iterator[None]:
    """Hold the lock of those who move tags for the seconds that it takes: others wait."""
    with _held(repository, TURN, fcntl.LOCK_EX):
        yield


@contextmanager
def _held(repository: Path, name: str, how: int) -> Iterator[None]:
    """Hold a lock that all work trees of a repository share. When the run before did not end well,
    what git left locked then is taken away.

    Raises Unavailable when the file cannot be written, as on a full disk.
    """
    folder = git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    place = Path(folder) / name
    with _written(place):
        file = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(file, how)
        except BlockingIOError:
            raise Unavailable(
                f"{repository}: process {place.read_text().strip()} makes a release here; wait for "
                f"its end, then run this again"
            ) from None
        before = os.fstat(file)
        if before.st_size:  # who wrote its process id there did not come to its end
            take_away(Path(folder), before.st_mtime)
        with _written(place):
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


@contextmanager
def _written(place: Path) -> Iterator[None]:
    """Turns what the disk says into Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{place}: {error.strerror}; mend that, then run this again") from None
