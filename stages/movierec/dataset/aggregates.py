"""What a day says of each (user, movie), as a `movierec.arrays` folder."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.arrays import RESTORE, read_folder, write_folder
from movierec.errors import BadInput, CorruptFile

FORMAT = "movierec-aggregate/2"
FORMAT_1, KEYS_1 = "movierec-aggregate/1", {"format", "day", "counts", "files"}
"""It had no checksum. It is read on: the raw day of an aggregate may have expired."""


@dataclass(frozen=True)
class Aggregate:
    """What a day says of each (user, movie); rows ascend by (user, movie) without repeats.

    Times are nanoseconds since 1970 in UTC, and 0 where nothing was watched or rated.
    """

    movies: NDArray[np.bytes_]
    """Ascending slugs of the day; `movie` and `earlier_movie` index them."""
    user: NDArray[np.int64]
    movie: NDArray[np.int32]
    minutes: NDArray[np.int32]
    """Distinct minutes watched, 0 for a pair that was only rated."""
    first_watch: NDArray[np.int64]
    last_watch: NDArray[np.int64]
    rating: NDArray[np.float32]
    """The last one by time, then by place in the log; NaN for a pair that was only watched."""
    rated_at: NDArray[np.int64]
    earlier_user: NDArray[np.int64]
    """The ratings of the day that a later one replaced: a split by time may need them."""
    earlier_movie: NDArray[np.int32]
    earlier_rating: NDArray[np.float32]
    earlier_rated_at: NDArray[np.int64]


def save_aggregate(folder: Path, aggregate: Aggregate, day: str, counts: dict[str, Any]) -> None:
    """Write `aggregate` and the day's counts to `folder`."""
    arrays = {field.name: getattr(aggregate, field.name) for field in fields(aggregate)}
    write_folder(folder, arrays, {"format": FORMAT, "day": day, "counts": counts})


def load_aggregate(folder: Path) -> tuple[Aggregate, dict[str, Any]]:
    """The aggregate in `folder`, memory-mapped, and its counts; verified."""
    arrays, manifest = read_folder(folder, mmap=True, unsealed=KEYS_1)
    if manifest.get("format") not in (FORMAT, FORMAT_1):
        raise BadInput(f"{folder}: not an aggregate of format {FORMAT}; run `dvc repro`")
    if manifest.get("day") != folder.name:
        raise CorruptFile(f"{folder}: the aggregate of {manifest.get('day')!r}; {RESTORE}")
    try:
        return Aggregate(**arrays), manifest["counts"]
    except (TypeError, KeyError) as error:
        raise CorruptFile(f"{folder}: {error}; {RESTORE}") from None
