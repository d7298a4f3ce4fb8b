"""Pages of mapped files. Once read they count as memory of the process, though the kernel has them
of the file and may take them back: who walks through many files lets go of what is behind."""

import mmap
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray


def release(arrays: Iterable[NDArray[Any]]) -> None:
    """Let go of the pages of those that are maps of files; they are read again when needed."""
    for array in arrays:
        base: Any = array
        while getattr(base, "base", None) is not None:
            base = base.base
        if isinstance(base, mmap.mmap):
            base.madvise(mmap.MADV_DONTNEED)
