"""Reads objects on S3 by ranges, in bounded memory; and many small ends, several at a time.

An object is opened by its last bytes: one request says that it is there, how large it is, and
gives the footer of a segment or all of a small file. What else is read comes in blocks.
"""

import errno
import io
import os
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any

from movierec.store.s3calls import GONE, NO_RANGE, Calls, Refusal

END_BYTES = 64 << 10
"""More than the footer of a segment of a million lines takes."""
BLOCK_BYTES = 8 << 20
"""More than a segment has, so that its rows are one request."""
BLOCKS = 2
"""That an open object keeps."""
THREADS = 16
AHEAD = 64
"""Objects of which the ends are held at a time: 4 MiB."""


class Ranged(io.RawIOBase):
    """An object, seekable; always the one that was opened. Raises FileNotFoundError when there is
    none, and in mid-reading when it was removed."""

    def __init__(self, calls: Calls, bucket: str, key: str) -> None:
        self._calls, self._place = calls, {"Bucket": bucket, "Key": key}
        self._position = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        try:
            end = self._get(Range=f"bytes=-{END_BYTES}")
        except Refusal as refusal:
            if refusal.code != NO_RANGE:
                raise
            end = {"Body": b"", "ETag": ""}  # an empty object has no last bytes
        self._end: bytes = end["Body"]
        self._size = int(end.get("ContentRange", f"/{len(self._end)}").rpartition("/")[2])
        self._tag = end["ETag"]

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Read on elsewhere; costs no request."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), self._place["Key"])
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill from one block at most."""
        into = memoryview(buffer).cast("B")
        start = self._size - len(self._end)
        if self._position >= start:
            source = memoryview(self._end)[self._position - start :]
        else:
            number, within = divmod(self._position, BLOCK_BYTES)
            source = self._block(number, start)[within:]
        count = min(len(into), len(source))
        into[:count] = source[:count]
        self._position += count
        return count

    def _block(self, number: int, stop: int) -> memoryview:
        """A block of what stands before `stop`, from where the end is at hand."""
        if number not in self._blocks:
            first = number * BLOCK_BYTES
            last = min(first + BLOCK_BYTES, stop) - 1
            got = self._get(Range=f"bytes={first}-{last}", IfMatch=self._tag)
            while len(self._blocks) >= BLOCKS:
                self._blocks.popitem(last=False)
            self._blocks[number] = got["Body"]
        self._blocks.move_to_end(number)
        return memoryview(self._blocks[number])

    def _get(self, **which: str) -> dict[str, Any]:
        try:
            return self._calls.ask("get_object", **self._place, **which)
        except Refusal as refusal:
            if refusal.code == NO_RANGE:
                raise
            number = errno.ENOENT if refusal.code == GONE else errno.ESTALE  # another's by now
            raise OSError(number, os.strerror(number), self._place["Key"]) from None


class Ahead:
    """Opens the names of one folder in ascending order, as a walk along a chain does: from the
    second on the ends of those behind it are fetched meanwhile, several at a time. A name that
    was removed since may still open, as a file does that was opened before."""

    def __init__(
        self,
        opened: Callable[[str], io.BufferedIOBase],
        listed: Callable[[str, str], Iterator[str]],
    ) -> None:
        self._opened, self._listed = opened, listed
        self._last: str | None = None
        self._names: Iterator[str] = iter(())
        self._waiting: deque[tuple[str, Future[io.BufferedIOBase]]] = deque()
        self._pool: ThreadPoolExecutor | None = None

    def open(self, name: str) -> io.BufferedIOBase:
        """What is under a name, as the storage opens it."""
        while self._waiting and self._waiting[0][0] < name:
            self._waiting.popleft()
        if self._waiting and self._waiting[0][0] == name:
            file = self._waiting.popleft()[1].result()
        else:
            file = self._opened(name)
        if self._last is not None:
            self._fetch(name)
        self._last = name
        return file

    def close(self) -> None:
        """Fetch no more."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _fetch(self, name: str) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, "ahead")
            folder, _, last = name.rpartition("/")
            suffix = PurePosixPath(last).suffix
            found = self._listed(folder, last)
            self._names = (f"{folder}/{other}" for other in found if other.endswith(suffix))
        while len(self._waiting) < AHEAD and (following := next(self._names, None)) is not None:
            self._waiting.append((following, self._pool.submit(self._opened, following)))
