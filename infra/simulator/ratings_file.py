"""Files of ratings by real people → columns. The format is told by the content:

1::1074638::7::1365029107          MovieTweetings, MovieLens ratings.dat
196<TAB>242<TAB>3<TAB>881250949    MovieLens u.data
userId,movieId,rating,timestamp    MovieLens ratings.csv, with this header
"""

import codecs
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from movierec.errors import BadInput
from movierec.lines.events import MOVIE, RATING, USER

NAMES = ("ratings.dat", "ratings.csv", "u.data")
HEADER = "userId,movieId,rating,timestamp"
NOT_PLAIN = {
    b"\x1f\x8b": "packed by gzip: unpack it first",
    b"PK\x03\x04": "packed by zip: unpack it first",
    b"BZh": "packed by bzip2: unpack it first",
    b"\xfd7zXZ": "packed by xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it first",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""What a file of another sort begins with."""
COLUMNS = ["user", "movie", "rating", "time"]
EXPECTED = "user::movie::rating::time, tab-separated u.data, or a CSV with the header " + HEADER
TIME = r"(?:0|[1-9][0-9]{0,9})"
"""Seconds until the year 2286: a longer number is in other units."""


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
    first_line: int = 1
    """Where in the file the first rating stands."""

    def line(self, row: int) -> int:
        """The line of the file that a rating is."""
        return self.first_line + row


def read_ratings(path: Path) -> RatingsFile:
    """Read a file of ratings, or the one in a folder.

    Raises BadInput, naming the file and the first line that is not a rating, or what else is
    wrong. Some 100 bytes of memory a rating.
    """
    path = _file(path)
    data = path.read_bytes()
    for mark, what in NOT_PLAIN.items():
        if data.startswith(mark):
            raise BadInput(f"{path}: {what}; expected plain text in UTF-8")
    data = without_blank_end(data.removeprefix(codecs.BOM_UTF8))  # as Excel and Notepad write it
    separator, start = _format(path, data)
    refuse_malformed(path, data, separator, start)
    table = _columns(data, separator, start)
    slugs = table["movie"].combine_chunks().dictionary_encode()
    result = RatingsFile(
        table["user"].to_numpy(),
        slugs.indices.to_numpy(),
        slugs.dictionary.to_pylist(),
        table["rating"].to_numpy(),
        table["time"].to_numpy(),
        start + 1,
    )
    if not len(result.users):
        raise BadInput(f"{path}: no ratings below the header; expected {EXPECTED}")
    return result


def without_blank_end(data: bytes) -> bytes:
    """The content without empty lines below the last one.

    >>> without_blank_end(b"1\\n\\r\\n\\n")
    b'1\\n'
    """
    end = len(data)
    while data.endswith((b"\n\n", b"\n\r\n"), 0, end):
        end -= 1 + data.endswith(b"\r\n", 0, end)
    return data[:end]


def refuse_malformed(path: Path, data: bytes, separator: str, start: int) -> None:
    """Raises BadInput for the first line that is not a rating, from line `start` (0-based) on.

    One pattern over whole lines, since a reader of columns repairs what it can: spaces
    around numbers, empty lines, characters between two colons.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    if not len(ends) or ends[-1] != len(data):
        ends = np.append(ends, len(data))
    offsets = np.concatenate([[0], ends])
    buffers = [None, pa.py_buffer(offsets.astype(np.int64)), pa.py_buffer(data)]
    lines = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(ends), buffers)[start:]
    pattern = "^" + separator.join([USER, MOVIE, RATING, TIME]) + "\r?\n?$"
    good = pc.match_substring_regex(lines, pattern).to_numpy(zero_copy_only=False)
    if not good.all():
        row = int(np.argmin(good))
        line = lines[row].as_py().decode(errors="replace").rstrip("\r\n")
        reason = _fault(line, separator)
        raise BadInput(f"{path}: line {row + start + 1}, {line[:60]!r}: {reason}")


def _columns(data: bytes, separator: str, start: int) -> pa.Table:
    """user, movie, rating and time of lines that are known to be good."""
    names = COLUMNS
    if separator == "::":  # pyarrow splits at single bytes: every other column is empty
        names = ["user", "e1", "movie", "e2", "rating", "e3", "time"]
    types = {"user": pa.int64(), "movie": pa.string(), "rating": pa.float64(), "time": pa.int64()}
    options = pyarrow.csv.ReadOptions(column_names=names, skip_rows=start, use_threads=False)
    return pyarrow.csv.read_csv(
        io.BytesIO(data),
        read_options=options,
        parse_options=pyarrow.csv.ParseOptions(delimiter=separator[0], quote_char=False),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, include_columns=COLUMNS, null_values=[], strings_can_be_null=False
        ),
    )


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
    first = data.split(b"\n", maxsplit=1)[0].decode(errors="replace").rstrip("\r")
    if "\r" in first:
        raise BadInput(f"{path}: its lines end in CR alone; expected LF or CR LF")
    if not first.strip():
        raise BadInput(f"{path}: line 1 is empty; expected {EXPECTED}")
    if first == HEADER:
        return ",", 1
    for separator in ("::", "\t"):
        if len(first.split(separator)) == 4:
            return separator, 0
    quoted = "; its fields stand in quotes: write them without" if '"' in first else ""
    raise BadInput(f"{path}: line 1 is {first[:60]!r}{quoted}; expected {EXPECTED}")


def _fault(line: str, separator: str) -> str:
    """What is wrong with a line that is not a rating."""
    fields = line.split(separator)
    if not line:
        return "an empty line, expected four fields"
    if '"' in line:
        return "its fields stand in quotes: write them without"
    if line.startswith("\ufeff"):
        return "a byte order mark that is not at the file's beginning"
    if len(fields) != len(COLUMNS):
        return f"{len(fields)} fields, expected user, movie, rating and time"
    user, movie, rating, _ = fields
    if not re.search("[0-9]", user + rating):
        return "the user and the rating are words: a header, which a CSV alone may have"
    if re.fullmatch("0[0-9]+", user):
        return "the user has leading zeros, which the log's ids do not have"
    if not re.fullmatch(USER, user):
        return "the user is no whole number of at most 18 digits"
    if not re.fullmatch(MOVIE, movie):
        return "the movie is empty or holds a character that the log's ids do not have"
    if not re.fullmatch(RATING, rating):
        return "the rating is no number below 100 with at most 2 decimals, without leading zeros"
    return "the time is not in whole seconds since 1970"


def check_scale(path: Path, ratings: RatingsFile, low: float, high: float) -> None:
    """Raises BadInput, naming the line, when a rating is outside [low, high]."""
    outside = np.flatnonzero(~((ratings.ratings >= low) & (ratings.ratings <= high)))
    if len(outside):
        row = int(outside[0])
        raise BadInput(
            f"{path}: line {ratings.line(row)}: rating {ratings.ratings[row]:g} is outside the "
            f"scale {low:g} to {high:g}; give the file's own scale"
        )
