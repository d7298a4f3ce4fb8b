"""One release at a time in a repository."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.repository import git
from movierec.errors import Unavailable

NAME = "movierec-release.lock"


@contextmanager
def alone(repository: Path) -> Iterator[None]:
    """Hold the repository's lock, which the kernel takes back however this process ends.

    Raises Unavailable, with the other's process id, when another holds it.
    """
    folder = git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir").strip()
    with (Path(folder) / NAME).open("a+") as file:
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
