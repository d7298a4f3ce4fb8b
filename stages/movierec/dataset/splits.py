"""The splits of a window's blocks, made once: the first walk writes them to files without a name,
and each later one reads them. To make them is half of what a walk costs."""

from collections.abc import Callable, Iterator

import numpy as np

from movierec.arrays import Draft
from movierec.dataset.matrix import PARTS
from movierec.dataset.pairs import Pairs
from movierec.dataset.split import Split
from movierec.mapped import release
from movierec.scratch import Scratch

Blocks = Callable[[], Iterator[tuple[int, int, Split]]]
"""(first user, end, split of their events) of some users at a time; u starts at 0."""
COLUMNS = {"u": np.int32, "i": np.int32, "value": np.float32, "time": np.int64}
"""Of pairs: 20 bytes each."""


class Splits:
    """What `make` gives, as often as it is called; the first walk must go to its end."""

    def __init__(self, draft: Draft, make: Blocks) -> None:
        self._make = make
        self._columns = {
            part: {name: draft.scratch(dtype) for name, dtype in COLUMNS.items()} for part in PARTS
        }
        self._blocks: list[tuple[int, int, dict[str, slice]]] | None = None

    def __call__(self) -> Iterator[tuple[int, int, Split]]:
        """Each block."""
        return self._first() if self._blocks is None else self._again(self._blocks)

    def _first(self) -> Iterator[tuple[int, int, Split]]:
        blocks = []
        for start, end, split in self._make():
            rows = {p: _write(self._columns[p], getattr(split, p)) for p in PARTS}
            blocks.append((start, end, rows))
            yield start, end, split
        self._blocks = blocks

    def _again(
        self, blocks: list[tuple[int, int, dict[str, slice]]]
    ) -> Iterator[tuple[int, int, Split]]:
        """As maps, whose pages are let go of behind each."""
        maps = {
            part: {name: column.read() for name, column in columns.items()}
            for part, columns in self._columns.items()
        }
        for start, end, rows in blocks:
            parts = {p: {name: c[rows[p]] for name, c in maps[p].items()} for p in PARTS}
            yield start, end, Split(**{part: Pairs(**columns) for part, columns in parts.items()})
            for columns in maps.values():
                release(columns.values())


def _write(columns: dict[str, Scratch], pairs: Pairs) -> slice:
    """Append them; where they stand."""
    for name, column in columns.items():
        column.append(getattr(pairs, name))
    end = columns["u"].length
    return slice(end - len(pairs.u), end)
