"""Pages of mapped files. Once read they count as memory of the process, though the kernel has them
of the file and may take them back: who walks through many files lets go of what is behind."""

import mmap
import resource
from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from movierec.errors import Unavailable

OTHERS = 1024
"""Files that are open beside those that somebody asks room for."""


def make_room(files: int) -> None:
    """Let this process have so many maps at once: each keeps its file open, and of files many a
    system allows 1,024 unless one asks. Raises Unavailable where it allows no more."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = files + OTHERS
    if allowed == resource.RLIM_INFINITY or allowed >= wanted:
        return
    if most != resource.RLIM_INFINITY and most < wanted:
        raise Unavailable(
            f"{files} files are to be mapped at once, and this system allows {most} open ones "
            f"(`ulimit -Hn`); raise that to {wanted}, or take fewer days"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def release(arrays: Iterable[NDArray[Any]]) -> None:
    """Let go of the pages of those that are maps of files; they are read again when needed."""
    for array in arrays:
        base: Any = array
        while getattr(base, "base", None) is not None:
            base = base.base
        if isinstance(base, mmap.mmap):
            base.madvise(mmap.MADV_DONTNEED)
