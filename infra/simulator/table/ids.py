"""A table's ids → ids that the log's lines can hold; which is which can be kept as a file.

What the log can hold stays as it is: users that are numbers, movies in small letters, digits and
some signs. Any other user gets the lowest free number in order of appearance, any other movie a
readable id: `Toy Story (1995)` is `toy+story+1995`.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from movierec.errors import BadInput
from movierec.files import write_text
from movierec.lines.events import MAX_MOVIE_BYTES, MOVIE, USER

SLUG_BYTES = MAX_MOVIE_BYTES - 16
"""So long may a readable id be: there is room for a number after it."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Ids:
    """Numbers the ids of a column in order of first appearance."""

    def __init__(self, separator: str, stand_in: str) -> None:
        self.numbers: dict[str, int] = {}
        self._separator, self._stand_in = separator, stand_in

    def number(self, ids: Iterable[str]) -> NDArray[np.int32]:
        """The number of each id; -1 for one that is empty or holds a control character."""
        numbers, found = self.numbers, []
        for raw in ids:
            id = raw.strip()
            number = numbers.get(id)
            if number is None:
                id = id.replace(self._stand_in, self._separator)
                if not id or CONTROL.search(id):
                    number = -1
                else:
                    number = numbers.setdefault(id, len(numbers))
            found.append(number)
        return np.array(found, np.int32)


def log_users(ids: Sequence[str]) -> tuple[NDArray[np.int64], dict[str, str]]:
    """The log's id of each different user, and those that differ from the table's.

    >>> log_users(["7", "A1YJ", "1", "007"])
    (array([7, 2, 1, 3]), {'A1YJ': '2', '007': '3'})
    """
    kept = {id: int(id) for id in ids if re.fullmatch(USER, id)}
    taken, free = set(kept.values()), 1
    mapped: dict[str, str] = {}
    for id in ids:
        if id not in kept:
            while free in taken:
                free += 1
            mapped[id], free = str(free), free + 1
    return np.array([kept.get(id) or int(mapped.get(id, 0)) for id in ids], np.int64), mapped


def log_movies(ids: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The log's id of each different movie, and those that differ from the table's.

    >>> log_movies(["0031", "Toy Story (1995)", "toy+story+1995", "Åm?"])[0]
    ['0031', 'toy+story+1995*2', 'toy+story+1995', 'am']
    """
    taken = {id for id in ids if re.fullmatch(MOVIE, id)}
    kept, mapped = frozenset(taken), dict[str, str]()
    for id in ids:
        if id not in kept:
            mapped[id] = _free(slug(id), taken)
            taken.add(mapped[id])
    return [mapped.get(id, id) for id in ids], mapped


def slug(id: str) -> str:
    """A readable id of the log.

    >>> slug("Amélie (2001)"), slug("034545104X"), slug("千と千尋")
    ('amelie+2001', '034545104x', 'movie')
    """
    plain = unicodedata.normalize("NFKD", id).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._-]+", "+", plain).strip("+")[:SLUG_BYTES] or "movie"


def write_map(path: Path, mapped: dict[str, str]) -> None:
    """Keep as CSV which of the log's ids stands for which of the table's."""
    text = io.StringIO()
    rows = [("log", "file"), *((log, file) for file, log in mapped.items())]
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def read_map(path: Path) -> dict[str, str]:
    """The table's id of each of the log's that differs. Without a file none does. Raises BadInput
    for another file."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file)) or [[]]
    if head != ["log", "file"] or any(len(row) != 2 for row in rows):
        raise BadInput(f"{path}: no map of ids, which begins with the line log,file")
    return dict(rows)


def _free(wanted: str, taken: set[str]) -> str:
    """The id, or the first of those with a number after it that nobody has."""
    number, id = 1, wanted
    while id in taken:
        number += 1
        id = f"{wanted}*{number}"
    return id
