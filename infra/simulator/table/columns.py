"""Which column of a table is the user, the movie, the rating, the time: by options, by the names
in its header, or by their order where there is none.

>>> recognised(["userId", "movieId", "rating", "timestamp"])
{'user': 0, 'movie': 1, 'rating': 2, 'time': 3}
>>> recognised(["asin", "Title", "Review/Score", "reviewerID"])
{'user': 3, 'movie': 0, 'rating': 2}
>>> recognised(["", "business_id", "user_id:token", "rating_given", "review_date"])
{'user': 2, 'rating': 3, 'time': 4, 'movie': 1}
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from infra.simulator.table.times import ISO, LOOKS_LATE, NUMBER
from movierec.errors import BadInput

ROLES = {
    "user": "userid user uid reviewerid customerid memberid visitorid accountid profileid username "
    "member reviewer customer account visitor",
    "movie": "movieid itemid filmid productid isbn asin parentasin bookid animeid trackid songid "
    "artistid showid mid iid item movie film product book track song artist show title",
    "rating": "rating score stars overall bookrating userrating rate preference grade vote points",
    "time": "timestamp unixreviewtime time unixtime datetime date reviewtime ratedat createdat "
    "tstamp ts epoch created when",
}
"""Names by which a column is recognised, spelt without spaces and signs; the first one counts."""
LIKE = {
    "user": "user|reviewer|customer",
    "rating": "rating|score|stars",
    "time": "(?<!run)(?<!play)time|date",
    "movie": "movie|film|item|id$",
}
"""What else a name may hold, where one column alone does that is nothing else."""
NEEDED = ("user", "movie", "rating")
NO_TIME = "none"


class Columns(NamedTuple):
    """Places in a row, from 0."""

    user: int
    movie: int
    rating: int
    time: int | None
    header: bool
    names: tuple[str, ...]
    """The header's, or the columns' numbers from 1."""

    @property
    def name(self) -> str:
        """What people call it."""
        roles = {"user": self.user, "movie": self.movie, "rating": self.rating, "time": self.time}
        found = (f"{r} = {self.names[at]}" for r, at in roles.items() if at is not None)
        rest = "" if self.time is not None else "; no time"
        return f"{', '.join(found)}{rest} (of {len(self.names)} columns, {self._header})"

    @property
    def _header(self) -> str:
        return "with a header" if self.header else "no header"


def find_columns(
    path: Path,
    rows: Sequence[Sequence[str]],
    given: Mapping[str, str],
    header: bool | None = None,
) -> Columns:
    """The columns of a table by its first rows. `given` has names or numbers by role.

    Raises BadInput, with the remedy, when one is not found.
    """
    first = [field.strip() for field in rows[0]]
    known = recognised(first)
    if header is None:
        named = any(not text.isdecimal() and text != NO_TIME for text in given.values())
        header = named or {"user", "movie"} <= known.keys() or _has_heads(rows)
    names = tuple(first) if header else tuple(str(n + 1) for n in range(len(first)))
    places = known if header else _by_order(path, rows)
    chosen = {role: _place(path, names, role, text) for role, text in given.items()}
    taken = {at for at in chosen.values() if at is not None}
    places = {role: at for role, at in places.items() if at not in taken} | chosen
    for role in NEEDED:
        if places.get(role) is None:
            raise BadInput(_missing(path, role, names, header))
    found = [at for at in places.values() if at is not None]
    if len(set(found)) < len(found):
        raise BadInput(f"{path}: --user, --movie, --rating and --time name a column twice")
    user, movie, rating = (int(places[role] or 0) for role in NEEDED)
    return Columns(user, movie, rating, places.get("time"), header, names)


def recognised(header: Sequence[str]) -> dict[str, int | None]:
    """The place of each role that a name in a header tells."""
    # review/score is a score, and rating:float (RecBole) a rating.
    spelt = [re.sub("^.*/|:.*$|[^a-z0-9]", "", name.lower()) for name in header]
    found: dict[str, int | None] = {}
    for role, names in ROLES.items():
        places = [spelt.index(name) for name in names.split() if name in spelt]
        if places:
            found[role] = places[0]
    for role, pattern in LIKE.items():
        free = [at for at in range(len(spelt)) if at not in found.values()]
        places = [at for at in free if re.search(pattern, spelt[at])]
        if role not in found and len(places) == 1:
            found[role] = places[0]
    return found


def _has_heads(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has words alone, and most others a number somewhere."""
    below = [any(map(_is_number, row)) for row in rows[1:]]
    return not any(map(_is_number, rows[0])) and sum(below) > len(below) / 2


def _by_order(path: Path, rows: Sequence[Sequence[str]]) -> dict[str, int | None]:
    """user, movie, rating and time of a table without header: the usual order, but for a third
    column that holds times and no ratings."""
    width = len(rows[0])
    if width > 4:
        return {}
    places: dict[str, int | None] = {role: at for at, role in enumerate(ROLES) if at < width}
    if width > 2 and _is_time(rows, 2):
        places.pop("rating")
        places["time"] = 2
        if width > 3 and not _is_time(rows, 3):
            places["rating"] = 3
    return places


def _is_time(rows: Sequence[Sequence[str]], at: int) -> bool:
    fields = [row[at].strip() for row in rows if len(row) > at]
    late = [
        re.match(ISO, f) or (re.fullmatch(NUMBER, f) and float(f) >= LOOKS_LATE) for f in fields
    ]
    return sum(map(bool, late)) > len(fields) / 2


def _is_number(text: str) -> bool:
    return re.fullmatch(rf"-?{NUMBER}", text.strip().replace(",", ".")) is not None


def _place(path: Path, names: Sequence[str], role: str, text: str) -> int | None:
    """The place that an option names. Raises BadInput for one that is not there."""
    if role == "time" and text == NO_TIME:
        return None
    lower = [name.lower() for name in names]
    if text.lower() in lower:
        return lower.index(text.lower())
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return int(text) - 1
    raise BadInput(f"{path}: --{role} {text}: no such column; there are {', '.join(names)}")


def _missing(path: Path, role: str, names: Sequence[str], header: bool) -> str:
    what = f"{path}: no column is known to be the {role}: "
    what += f"the header is {', '.join(names)}" if header else f"{len(names)} columns, no header"
    remedy = f"; give --{role} NAME or NUMBER (from 1)"
    if role == "rating":
        remedy += ". A table without ratings trains neither SVD nor SVD++"
    if names[0].startswith(("#", "%")):
        remedy = f"; if it is a comment, take all out: grep -v '^[#%]' {path.name} > new.csv"
    return what + remedy
