"""A file's bytes where nothing can change them: a copy in sealed memory, mapped read-only.

A map of the file itself shows what becomes of the file: another's write changes numbers under a
running service, and a file cut short ends it (SIGBUS). The copy is sealed before it is verified,
so what was verified is what is read, whoever writes wherever; and it is one copy for a process and
all that it forks. What the kernel keeps of the file beside it, it gives up where memory is short.
"""

import fcntl
import os
import shutil
from mmap import MAP_PRIVATE, PROT_READ, mmap
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


def frozen(path: Path) -> mmap:
    """The bytes of a file. Raises OSError, and ValueError for an empty one."""
    place = os.memfd_create(path.name, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with path.open("rb") as file, os.fdopen(place, "wb", closefd=False) as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
        fcntl.fcntl(place, fcntl.F_ADD_SEALS, SEALS)
        # MAP_PRIVATE: kernels before 6.7 refuse a shared map of sealed memory, even to be read.
        return mmap(place, 0, flags=MAP_PRIVATE, prot=PROT_READ)
    finally:
        os.close(place)


def array_of(content: Path | mmap, mode: Literal["r", "c"] | None = None) -> NDArray[Any]:
    """The array of a .npy file: read from a path, mapped by `mode`, or viewed in frozen bytes.

    Raises what `np.load` does; ValueError for what is not of the version that `np.save` writes.
    """
    if isinstance(content, Path):
        # As a plain array over the map: an operation on a np.memmap costs twice as much.
        return np.asarray(np.load(content, mmap_mode=mode, allow_pickle=False))
    if npy.read_magic(content) != (1, 0):
        raise ValueError("not a .npy file of version 1.0")
    shape, fortran, dtype = npy.read_array_header_1_0(content)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    return np.ndarray(shape, dtype, content, content.tell(), order="F" if fortran else "C")
