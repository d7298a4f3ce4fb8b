"""Files that survive a crash: whole and under their final name, or not there at all.

The one place that calls fsync, link and rename. An error of the disk (EIO on fsync, no
space) is never swallowed: the caller's program must end, since after a failed fsync
nobody knows what the disk holds.
"""

import errno
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".tmp"
"""Suffix of a file that nobody may read: its writer is at work, or died."""


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make `folder` and its missing parents, each name durable."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def write_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Create `path`, which must not exist, let `write` fill it, and fsync its content."""
    with path.open("xb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def publish_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Create `path` durably with what `write` puts into it, never replacing a file.

    Raises FileExistsError when there is one already, FileNotFoundError when somebody
    took the temporary file away (`remove_temporaries`); nothing is published then.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}{TEMPORARY}")
    try:
        write_file(temporary, write)
        os.link(temporary, path)
        sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def publish_folder(draft: Path, final: Path) -> None:
    """Give a finished draft folder its final name, never replacing a folder with content.

    The files in `draft` must be fsynced already. Raises FileExistsError when `final` is there.
    """
    sync_folder(draft)
    try:
        draft.rename(final)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:
            raise FileExistsError(error.errno, error.strerror, str(final)) from None
        raise
    sync_folder(final.parent)


def remove_temporaries(folder: Path) -> int:
    """Remove the temporary files of writers that died; how many there were.

    Only the owner of `folder` may do so. A writer that still lives loses its file and is
    refused at the link.
    """
    leftovers = list(folder.glob(f".*{TEMPORARY}"))
    for path in leftovers:
        path.unlink(missing_ok=True)
    return len(leftovers)
