"""One release at a time in a repository."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.release.leftovers import take_away
from infra.repository import git
from movierec.errors import Unavailable

NAME = "movierec-release.lock"


@contextmanager
def alone(repository: Path) -> Iterator[None]:
    """Hold the repository's lock, which the kernel takes back however this process ends. When the
    run before did not end well, what git left locked then is taken away.

    Raises Unavailable, with the other's process id, when another holds it; and when it cannot be
    written, as on a full disk.
    """
    folder = git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    place = Path(folder) / NAME
    with written(place):
        file = os.open(place, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unavailable(
                f"{repository}: process {place.read_text().strip()} makes a release here; wait for "
                f"its end, then run this again"
            ) from None
        before = os.fstat(file)
        if before.st_size:  # who wrote its process id there did not come to its end
            take_away(Path(folder), before.st_mtime, place)
        with written(place):
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
        os.ftruncate(file, 0)
    finally:
        os.close(file)


@contextmanager
def written(place: Path) -> Iterator[None]:
    """Turns what the disk says into Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{place}: {error.strerror}; mend that, then run this again") from None
