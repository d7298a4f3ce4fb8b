"""One release at a time in a repository."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from infra.repository import git
from movierec.errors import Unavailable

NAME = "movierec-release.lock"
TURN = "movierec-production.lock"


@contextmanager
def alone(repository: Path) -> Iterator[None]:
    """Hold the repository's lock, which the kernel takes back however this process ends.

    Raises Unavailable, with the other's process id, when another holds it.
    """
    with _file(repository, NAME) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Unavailable(
                f"{repository}: process {file.read().strip()} makes a release here; wait for "
                f"its end, then run this again"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@contextmanager
def in_turn(repository: Path) -> Iterator[None]:
    """Hold the lock of those who move tags for the seconds that it takes: others wait."""
    with _file(repository, TURN) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _file(repository: Path, name: str) -> TextIO:
    """A file that all work trees of a repository share, to be closed by who asks for it."""
    folder = git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    return (Path(folder) / name).open("a+")
