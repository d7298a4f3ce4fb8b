"""What git and DVC left locked when they were killed, and what would stop who comes next."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
from dvc.lock import LockError, make_lock
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, SCHEMA
from voluptuous import Invalid

PLACES = ("*.lock", "refs/**/*.lock", "objects/maintenance.lock")
"""Where git puts the locks of what a release asks it to change, in a repository's folder."""


OURS = "movierec-*.lock"
"""Files that git does not know, whose locks the kernel takes back."""


def take_away(folder: Path, since: float) -> list[Path]:
    """Remove git's locks in a repository's folder that were made `since` then (seconds since 1970)
    by a run that is dead; those removed.

    None is removed while any git runs in that repository: the lock may be its own.
    """
    stale = [path for path in _locks(folder) if path.stat().st_mtime >= since]
    if not stale or _git_runs_in(folder):
        return []
    for path in stale:
        path.unlink(missing_ok=True)
    return stale


def _locks(folder: Path) -> Iterator[Path]:
    for place in PLACES:
        yield from (path for path in folder.glob(place) if not path.match(OURS))


def _git_runs_in(folder: Path) -> bool:
    """Whether a git runs in the repository, or one whose place may not be known (of another
    user)."""
    inside = folder.parent if folder.name == ".git" else folder
    for process in psutil.process_iter(["name", "cwd"]):
        if not str(process.info["name"]).startswith("git"):
            continue
        place = process.info["cwd"]
        if place is None or Path(place).is_relative_to(inside.resolve()):
            return True
    return False


def mend_rwlock(folder: Path) -> None:
    """Remove DVC's file of who reads and writes what, in a project's `.dvc/tmp`, where a DVC that
    was killed left it half-written, or nobody whom it names lives. DVC refuses to run by it, then:
    the numbers of those may be another's, or of one whose end nobody has asked for. Who writes it
    holds its guard."""
    file, guard = folder / RWLOCK_FILE, folder / RWLOCK_LOCK
    if not file.exists():
        return
    with suppress(LockError), make_lock(str(guard), tmp_dir=str(folder)):
        written = file.stat().st_mtime
        if not any(_lived(number, written) for number in _noted(file)):
            file.unlink()


def _noted(file: Path) -> set[int]:
    """The processes that DVC's file names; none when it is not whole."""
    try:
        noted = SCHEMA(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, Invalid):
        return set()
    readers = (info for infos in noted["read"].values() for info in infos)
    return {int(info["pid"]) for info in (*readers, *noted["write"].values())}


def _lived(number: int, then: float) -> bool:
    """Whether the process of that number is alive, and was `then` (seconds since 1970)."""
    try:
        process = psutil.Process(number)
        # Linux counts a start in ticks since its own, whose time it tells to the second.
        return process.status() != psutil.STATUS_ZOMBIE and bool(process.create_time() <= then + 1)
    except psutil.NoSuchProcess:
        return False
