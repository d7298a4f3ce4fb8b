"""The storage on a local disk: whole and under its final name after any crash, or not there.

The one place of the store that calls fsync, link, mkdir or unlink. An error of the disk (EIO
on fsync, no space) is never swallowed: the caller's program must end, since after a failed
fsync nobody knows what the disk holds.
"""

import contextlib
import errno
import fcntl
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import IO, BinaryIO

from movierec.errors import Unavailable
from movierec.store.lending import Lent

TEMPORARY = ".tmp"
"""Suffix of a file that nobody may read: its writer is at work, or died."""


@dataclass(frozen=True)
class Disk:
    """The verbs of `storage.Storage` on the files below `root`."""

    root: Path

    def put_new(self, name: str, write: Callable[[BinaryIO], object]) -> int:
        """Write a temporary file, fsync it, link it to its name, fsync the folder."""
        path = self.root / name
        _make_folder(path.parent)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY}")
        try:
            with _create(temporary) as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
                try:
                    os.link(temporary, path)
                finally:  # the name may be another's that died before this
                    sync_folder(path.parent)
        finally:
            temporary.unlink(missing_ok=True)
        return size

    def open(self, name: str) -> BufferedIOBase:
        """The file of that name."""
        return (self.root / name).open("rb")

    def lend(self, name: str) -> Lent:
        """Its path."""
        path = self.root / name
        try:
            seen = path.stat()
        except FileNotFoundError:
            return Lent(str(path), ())
        return Lent(str(path), (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns))

    def names(self, folder: str, *, settle: bool = False) -> list[str]:
        """Files and folders, without those of writers at work."""
        path = self.root / folder
        if settle:
            _settle(path)
        try:
            return sorted(p.name for p in path.iterdir() if not p.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):  # a stray file is no folder of ours
            return []

    def remove(self, *names: str) -> None:
        """Unlink the files, then the folders that they leave empty."""
        paths = [self.root / name for name in names]
        for path in paths:
            path.unlink(missing_ok=True)
        for folder in sorted({path.parent for path in paths} - {self.root}, reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def sweep(self, folder: str) -> None:
        """Unlink the temporary files that nobody holds locked."""
        for path in (self.root / folder).glob(f".*{TEMPORARY}"):
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    path.unlink()

    def check(self, name: str) -> None:
        """By a link; some file systems over a network replace what is there."""
        with contextlib.suppress(FileExistsError):
            self.put_new(name, lambda file: None)
            raise Unavailable(
                f"{self.root}: a second link to {name} took the place of the first one: lines "
                "would be lost there. Take another file system"
            )

    @contextmanager
    def ahead(self) -> Iterator["Disk"]:
        """The disk itself: the next name is at hand."""
        yield self


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make `folder` and its missing parents, each name durable. Raises NotADirectoryError when
    something else has the name: a FileExistsError would say that the file in it is there."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    sync_folder(folder.parent)


def _create(path: Path) -> BinaryIO:
    """A new file, locked as long as it is open or the process lives: `sweep` spares it."""
    while True:
        file = path.open("xb")
        _lock(file, fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:  # else swept before it was locked
            return file
        file.close()


def _lock(file: IO[bytes], how: int) -> bool:
    """Whether a file is locked by us now: it is not another's, and the file system has locks."""
    try:
        fcntl.flock(file, how)
    except OSError:
        return False
    return True


def _settle(folder: Path) -> None:
    """A writer that still lives loses its file here, and is refused at the link."""
    _make_folder(folder)
    for path in folder.glob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)
    sync_folder(folder)
