"""The storage on a local disk: whole and under its final name after any crash, or not there.

The one place of the store that calls fsync, link, mkdir or unlink. An error of the disk (EIO
on fsync, no space) is never swallowed: the caller's program must end, since after a failed
fsync nobody knows what the disk holds.
"""

import contextlib
import errno
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path
from typing import BinaryIO

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
            size = _write(temporary, write)
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

    def names(self, folder: str, *, settle: bool = False) -> list[str]:
        """Files and folders, without those of writers at work."""
        path = self.root / folder
        if settle:
            _settle(path)
        try:
            return sorted(p.name for p in path.iterdir() if not p.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):  # a stray file is no folder of ours
            return []

    def remove(self, name: str) -> None:
        """Unlink the file, and the folder that it leaves empty."""
        path = self.root / name
        path.unlink(missing_ok=True)
        if path.parent != self.root:
            with contextlib.suppress(OSError):
                path.parent.rmdir()


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


def _write(path: Path, write: Callable[[BinaryIO], object]) -> int:
    """Create `path`, let `write` fill it, fsync its content; its size."""
    with path.open("xb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _settle(folder: Path) -> None:
    """A writer that still lives loses its file here, and is refused at the link."""
    _make_folder(folder)
    for path in folder.glob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)
    sync_folder(folder)
