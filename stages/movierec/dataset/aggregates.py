"""What a day says of each (user, movie): a `movierec.arrays` folder, or one a bucket of its users.

    data/aggregates/<day>/*.npy, manifest.json          `aggregate.buckets: 1`
    data/aggregates/<day>/<00 … 63>/*.npy, manifest.json, and the day's manifest.json

Who reads a day sees no difference. The day's manifest counts, and names the buckets' manifests.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.arrays import MANIFEST, RESTORE, read_folder, read_manifest, write_folder
from movierec.dataset.vocabulary import Vocabulary
from movierec.errors import BadInput, CorruptFile
from movierec.hashing import sha256_of

FORMAT = "movierec-aggregate/2"
FORMAT_1, KEYS_1 = "movierec-aggregate/1", {"format", "day", "counts", "files"}
"""It had no checksum. It is read on: the raw day of an aggregate may have expired."""
FORMAT_OF_BUCKETS = "movierec-aggregate-buckets/1"


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


def save_aggregate(folder: Path, aggregate: Aggregate, day: str, counts: Mapping[str, Any]) -> None:
    """Write `aggregate`, of a whole day or of a bucket, and the counts to `folder`."""
    arrays = {field.name: getattr(aggregate, field.name) for field in fields(aggregate)}
    write_folder(folder, arrays, {"format": FORMAT, "day": day, "counts": dict(counts)})


def load_aggregate(folder: Path) -> tuple[Aggregate, dict[str, Any]]:
    """The aggregate in `folder`, memory-mapped, and its counts; verified."""
    manifest = read_manifest(folder, KEYS_1)
    if manifest.get("format") not in (FORMAT, FORMAT_1, FORMAT_OF_BUCKETS):
        raise BadInput(f"{folder}: not an aggregate of format {FORMAT}; run `dvc repro`")
    if manifest.get("day") != folder.name:
        raise CorruptFile(f"{folder}: the aggregate of {manifest.get('day')!r}; {RESTORE}")
    if manifest["format"] != FORMAT_OF_BUCKETS:
        return _arrays(folder), manifest["counts"]
    buckets = [_bucket(folder, name, entry) for name, entry in manifest["files"].items()]
    return together(buckets), manifest["counts"]


def together(parts: Sequence[Aggregate]) -> Aggregate:
    """Parts of a day that share no user, as one. Its columns are maps of files without a name, so
    memory holds no more of a window's days than of one: TMPDIR holds them."""
    movies = Vocabulary.of(*(part.movies for part in parts))
    ranks = [movies.index(part.movies) for part in parts]
    # Stable, and a user is in one part: whose rows stay in their order.
    orders = {
        user: np.argsort(np.concatenate([getattr(part, user) for part in parts]), kind="stable")
        for user in ("user", "earlier_user")
    }
    columns = {}
    for name in [field.name for field in fields(Aggregate)][1:]:
        values = [getattr(part, name) for part in parts]
        if name in ("movie", "earlier_movie"):
            values = [rank[movie] for rank, movie in zip(ranks, values, strict=True)]
        order = orders["earlier_user" if name.startswith("earlier_") else "user"]
        columns[name] = _mapped(np.concatenate(values)[order])
    return Aggregate(movies.ids, **columns)


def _mapped(column: NDArray[Any]) -> NDArray[Any]:
    """A column as a read-only map of a file that is gone with it."""
    if not len(column):
        return column
    with TemporaryFile() as file:
        column.tofile(file)
        file.flush()
        return np.memmap(file, column.dtype, "r", shape=column.shape)


def _bucket(folder: Path, name: str, entry: Any) -> Aggregate:
    """One bucket of a day, which the day's manifest has under `name`."""
    try:
        if sha256_of(folder / name / MANIFEST) != entry["sha256"]:
            raise CorruptFile(f"{folder / name}: not the bucket that {MANIFEST} names; {RESTORE}")
    except FileNotFoundError:
        raise CorruptFile(f"{folder / name}: missing, but named in {MANIFEST}; {RESTORE}") from None
    return _arrays(folder / name)


def _arrays(folder: Path) -> Aggregate:
    arrays, _ = read_folder(folder, mmap=True, unsealed=KEYS_1)
    try:
        return Aggregate(**arrays)
    except TypeError as error:
        raise CorruptFile(f"{folder}: {error}; {RESTORE}") from None
