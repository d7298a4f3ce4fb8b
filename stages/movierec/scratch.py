"""Columns that are too long for memory and are gone with the process, or with its end by a crash:
their files have no name."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Growing:
    """A column that is written to a file as its values come."""

    def __init__(self, file: IO[bytes], dtype: DTypeLike) -> None:
        self.file, self.dtype, self.length = file, np.dtype(dtype), 0

    def append(self, values: NDArray[Any]) -> None:
        """Write `values` behind the others."""
        self.file.write(np.ascontiguousarray(values, self.dtype).data)
        self.length += len(values)


class Scratch(Growing):
    """A column that is written, and then read."""

    def __init__(self, folder: Path, dtype: DTypeLike) -> None:
        super().__init__(TemporaryFile(dir=folder), dtype)  # noqa: SIM115 - until `close`

    def read(self) -> NDArray[Any]:
        """A map of all that was written."""
        if not self.length:  # there are no maps of nothing
            return np.empty(0, self.dtype)
        self.file.flush()
        return np.asarray(np.memmap(self.file, self.dtype, "r", shape=(self.length,)))

    def close(self) -> None:
        """No more is written; maps stay."""
        self.file.close()
