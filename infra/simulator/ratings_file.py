"""Tables of ratings by real people → columns. How a table is written, and which column is which,
is told by its first lines or by options:

    1::1074638::7::1365029107              MovieTweetings, MovieLens ratings.dat
    196<TAB>242<TAB>3<TAB>881250949        MovieLens u.data
    userId,movieId,rating,timestamp        MovieLens ratings.csv
    "User-ID";"ISBN";"Book-Rating"         Book-Crossing, with `--zeros implicit`

It may be packed (gzip, bzip2, xz, zstd, zip).
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from infra.simulator.table.columns import find_columns
from infra.simulator.table.dialect import sniff
from infra.simulator.table.ids import log_movies, log_users
from infra.simulator.table.options import Wanted
from infra.simulator.table.plain import NAMES
from infra.simulator.table.reading import Rows, Table, read_rows, time_kind
from infra.simulator.table.times import to_seconds
from infra.simulator.table.values import NONE
from movierec.errors import BadInput

ANYHOW = Wanted()


class RatingsFile(NamedTuple):
    """n ratings, in the order of the file."""

    users: NDArray[np.int32]
    """Place in `user_ids`."""
    user_ids: NDArray[np.int64]
    """Ids as the log writes them, in order of first appearance."""
    movies: NDArray[np.int32]
    """Place in `slugs`."""
    slugs: list[str]
    """Ids as the log writes them, in order of first appearance."""
    hundredths: NDArray[np.int16]
    """Ratings × 100, or NONE where a movie was watched and not rated."""
    times: NDArray[np.int64]
    """Seconds since 1970; without a column of times 0, 1, 2, … in the order of the file."""
    table: Table
    unit: str
    """Of the file's times."""
    rounded: int
    within: int
    """Line ends within fields."""
    mapped: dict[str, dict[str, str]]
    """For users and for movies: the log's id of each id in the file that the log cannot hold."""

    @property
    def ratings(self) -> NDArray[np.float64]:
        """As numbers; of rows without rating NaN."""
        return np.where(self.hundredths == NONE, np.nan, self.hundredths / 100)

    def again(self) -> int:
        """How many rows are of a user and a movie that stand in another row, too."""
        pairs = self.users.astype(np.int64)
        pairs *= len(self.slugs)
        pairs += self.movies
        pairs.sort()
        return int(np.count_nonzero(pairs[1:] == pairs[:-1]))


def read_ratings(path: Path, wanted: Wanted = ANYHOW) -> RatingsFile:
    """Read a table of ratings, or the one in a folder.

    Raises BadInput, naming the file, the first line that is not a rating, and what to do. 25
    million rows take some 600 MB at most.
    """
    table = recognise(path, wanted)
    rows = read_rows(table)
    times, unit = _times(table, rows)
    users, mapped_users = log_users(rows.user_ids)
    slugs, mapped_movies = log_movies(rows.movie_ids)
    mapped = {"users": mapped_users, "movies": mapped_movies}
    return RatingsFile(
        rows.users,
        users,
        rows.movies,
        slugs,
        rows.hundredths,
        times,
        table,
        unit,
        rows.rounded,
        rows.within,
        mapped,
    )


def recognise(path: Path, wanted: Wanted) -> Table:
    """How a table is written. Raises BadInput when that cannot be told."""
    path = _file(path)
    dialect = sniff(path, wanted.separator)
    columns = find_columns(path, dialect.rows, wanted.columns, wanted.header)
    if len(dialect.rows) <= columns.header:
        raise BadInput(f"{path}: a header and no rating below it")
    return Table(path, dialect, columns, wanted.zeros)


def described(ratings: RatingsFile) -> list[str]:
    """What was recognised, for people: a few lines."""
    table, hundredths = ratings.table, ratings.hundredths
    rated = hundredths[hundredths != NONE]
    scale = f"{rated.min() / 100:g} to {rated.max() / 100:g}" if len(rated) else "none"
    first, last = (_time(int(t)) for t in (ratings.times.min(), ratings.times.max()))
    span = f"{ratings.unit}, {first} to {last}" if table.columns.time is not None else ratings.unit
    lines = [
        f"{table.path.name}: {table.dialect.name}",
        f"columns: {table.columns.name}",
        f"rows {len(hundredths):,}, users {len(ratings.user_ids):,}, movies "
        f"{len(ratings.slugs):,}; ratings from {scale}; times: {span}",
        f"first row: {_example(ratings)}",
    ]
    for role, mapped in ratings.mapped.items():
        if mapped:
            file, log = next(iter(mapped.items()))
            what = f"{role} whose ids the log cannot hold: {len(mapped):,}"
            lines.append(f"{what}; {file[:40]!r} is {log} in it")
    notes = {
        "rows without rating, watched alone": len(hundredths) - len(rated),
        "rows of a user and a movie that come again, the last in time counts": ratings.again(),
        "ratings rounded to the log's two decimals": ratings.rounded,
        "line ends within quotes; many more than you know of mean an open quote": ratings.within,
    }
    return lines + [f"{what}: {count:,}" for what, count in notes.items() if count]


def _times(table: Table, rows: Rows) -> tuple[NDArray[np.int64], str]:
    """Seconds since 1970, and the file's unit. Raises BadInput for times of several units."""
    if rows.times is None:
        return np.arange(len(rows.users), dtype=np.int64), "the order of the file"
    if time_kind(table):
        return rows.times, "ISO 8601"
    unit, wrong = to_seconds(rows.times)
    if wrong is not None:
        table.refuse(wrong, f"the time {rows.times[wrong]} is not in {unit}, as the first ones are")
    return rows.times, unit


def _example(ratings: RatingsFile) -> str:
    value = ratings.hundredths[0]
    rating = "no rating" if value == NONE else f"rating {value / 100:g}"
    movie = ratings.slugs[ratings.movies[0]]
    at = f", {_time(int(ratings.times[0]))}" if ratings.table.columns.time is not None else ""
    return f"user {ratings.user_ids[ratings.users[0]]}, movie {movie}, {rating}{at}"


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def _file(path: Path) -> Path:
    if path.is_dir():
        found = [path / name for name in NAMES if (path / name).is_file()]
        if not found:
            raise BadInput(f"{path}: a folder without {', '.join(NAMES)}")
        path = found[0]
    if not path.is_file():
        raise BadInput(f"{path}: no such file of ratings")
    return path
