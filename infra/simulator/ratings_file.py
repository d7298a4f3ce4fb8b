"""Files of ratings by real people → columns. The format is told by the content:

1::1074638::7::1365029107          MovieTweetings, MovieLens ratings.dat
196<TAB>242<TAB>3<TAB>881250949    MovieLens u.data
userId,movieId,rating,timestamp    MovieLens ratings.csv, with this header
"""

import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from movierec.errors import BadInput
from movierec.events import MOVIE, USER

NAMES = ("ratings.dat", "ratings.csv", "u.data")
HEADER = "userId,movieId,rating,timestamp"
COLUMNS = ["user", "movie", "rating", "time"]
EXPECTED = "user::movie::rating::time, tab-separated u.data, or a CSV with the header " + HEADER
LAST_TIME = 7_258_118_400  # 2200-01-01: a later time is in other units than seconds


class RatingsFile(NamedTuple):
    """n ratings, in the order of the file."""

    users: NDArray[np.int64]
    movies: NDArray[np.int32]
    """Index into `slugs`."""
    slugs: list[str]
    """Movie ids in order of first appearance, as the file writes them."""
    ratings: NDArray[np.float64]
    times: NDArray[np.int64]
    """Seconds since 1970."""


def read_ratings(path: Path) -> RatingsFile:
    """Read a file of ratings, or the one in a folder.

    Raises BadInput, naming the file and the first line that is not a rating, or what else is
    wrong. Some 100 bytes of memory a rating.
    """
    path = _file(path)
    data = path.read_bytes()
    separator, start = _format(path, data)
    if separator == "::":  # pyarrow splits at single bytes: every other column is empty
        delimiter, names = ":", ["user", "e1", "movie", "e2", "rating", "e3", "time"]
    else:
        delimiter, names = separator, COLUMNS
    types = {"user": pa.int64(), "movie": pa.string(), "rating": pa.float64(), "time": pa.int64()}
    try:
        table = pyarrow.csv.read_csv(
            io.BytesIO(data),
            read_options=pyarrow.csv.ReadOptions(
                column_names=names, skip_rows=start, use_threads=False
            ),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, quote_char=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=types,
                include_columns=COLUMNS,
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise _first_bad_line(path, data, separator, start) or BadInput(
            f"{path}: {error}"
        ) from None
    slugs = table["movie"].combine_chunks().dictionary_encode()
    result = RatingsFile(
        table["user"].to_numpy(),
        slugs.indices.to_numpy(),
        slugs.dictionary.to_pylist(),
        table["rating"].to_numpy(),
        table["time"].to_numpy(),
    )
    if not _is_sound(result):
        raise _first_bad_line(path, data, separator, start) or BadInput(f"{path}: {EXPECTED}")
    return result


def _file(path: Path) -> Path:
    if path.is_dir():
        found = [path / name for name in NAMES if (path / name).is_file()]
        if not found:
            raise BadInput(f"{path}: a folder without {', '.join(NAMES)}")
        path = found[0]
    if not path.is_file():
        raise BadInput(f"{path}: no such file of ratings")
    return path


def _format(path: Path, data: bytes) -> tuple[str, int]:
    """(separator, lines to skip). Raises BadInput for a file of none of the formats."""
    first = data.split(b"\n", maxsplit=1)[0].decode(errors="replace").strip("\r\ufeff")
    if not first.strip():
        raise BadInput(f"{path}: line 1 is empty; expected {EXPECTED}")
    if first == HEADER:
        return ",", 1
    for separator in ("::", "\t"):
        if len(first.split(separator)) == 4:
            return separator, 0
    raise BadInput(f"{path}: line 1 is {first[:60]!r}; expected {EXPECTED}")


def _is_sound(ratings: RatingsFile) -> bool:
    return bool(
        len(ratings.users)
        and (ratings.users >= 0).all()
        and (ratings.users < 10**18).all()
        and np.isfinite(ratings.ratings).all()
        and (ratings.times >= 0).all()
        and (ratings.times < LAST_TIME).all()
        and all(re.fullmatch(MOVIE, slug) for slug in ratings.slugs)
    )


def _first_bad_line(path: Path, data: bytes, separator: str, start: int) -> BadInput | None:
    """What is wrong with the first line that is not a rating."""
    for number, line in enumerate(data.decode(errors="replace").splitlines(), start=1):
        if number <= start:
            continue
        reason = _fault(line.split(separator))
        if reason:
            return BadInput(f"{path}: line {number}, {line[:60]!r}: {reason}")
    return None


def _fault(fields: list[str]) -> str | None:
    if len(fields) != 4:
        return f"{len(fields)} fields, expected user, movie, rating and time"
    user, movie, rating, time = fields
    if not re.fullmatch(USER, user):
        return f"the user {user!r} is no whole number of at most 18 digits"
    if not re.fullmatch(MOVIE, movie):
        return f"the movie {movie!r} holds a character that the log's ids do not have"
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", rating):
        return f"the rating {rating!r} is no number"
    if not re.fullmatch(r"[0-9]{1,12}", time) or int(time) >= LAST_TIME:
        return f"the time {time!r} is not in seconds since 1970"
    return None


def check_scale(path: Path, ratings: RatingsFile, low: float, high: float) -> None:
    """Raises BadInput, naming the line, when a rating is outside [low, high]."""
    outside = np.flatnonzero((ratings.ratings < low) | (ratings.ratings > high))
    if len(outside):
        row = int(outside[0])
        raise BadInput(
            f"{path}: rating {ratings.ratings[row]:g} (number {row + 1}) is outside the scale "
            f"{low:g} to {high:g}; give the file's own scale"
        )
