"""What became of each answer: what its user started, watched and rated after it. Pure.

An answer **converts** when its user starts one of its movies within the window after it. A movie
starts with the first watch of it that is known of its user: whoever is in minute 40 when the answer
comes, or saw half of it the day before, watches on and was not led there by it. A start is credited
to the user's latest answer before it, whichever model gave that answer, and to no earlier one: the
list on the screen is the one that was chosen from. The **minutes** of an answer are the different
minutes, within the window, of the movies that it is credited with.

A **rating** comes when a movie is over, so it has a day: it counts for the user's latest answer
within RATED_AFTER before it that offered the movie, whether the movie was started by that or not.
Of a day's ratings of one movie by one user the last one counts.

Times are nanoseconds since 1970. What is known are the rows of a day and of the one before.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from movierec.dataset.scale import Events
from movierec.dataset.vocabulary import lookup
from movierec.errors import BadParams
from movierec.evaluation.online.answers import NO_PREDICTION, THOUSAND, Answers, Codes
from movierec.evaluation.online.latest import Ints
from movierec.evaluation.online.requests import Requests
from movierec.fields import number
from movierec.lines.kinds import RATING, WATCH
from movierec.times import DAY, MINUTE, Nanoseconds, day_number

RATED_AFTER: Nanoseconds = DAY
MANY_ROWS = 1 << 22
"""First watches are put together when there are so many."""
HUNDRED = 100
PAIRS = pa.schema([("user", pa.int64()), ("movie", pa.int32()), ("time", pa.int64())])


@dataclass(frozen=True)
class Online:
    """How served answers are judged by what users did afterwards."""

    since: str
    """The first day of the weights that `routing` has now: arms are compared from it on. Empty:
    all days are of these weights."""
    days: int = number(low=1, high=366)
    conversion_minutes: float = number(above=0, high=720)
    confidence: float = number(above=0, high=0.999999)
    deadline_ms: int = number(low=1)
    smallest_lift: float = number(above=0, high=10)
    power: float = number(above=0, high=0.999999)
    min_users: int = number(low=2)
    max_loss: float = number(above=0, high=0.999999)

    def __post_init__(self) -> None:
        try:
            day_number(self.since or "1970-01-01")
        except ValueError as error:
            raise BadParams(f"online: since: {error}, or empty") from None

    @property
    def window(self) -> Nanoseconds:
        """How long after an answer a start is its doing."""
        return round(self.conversion_minutes * MINUTE)


@dataclass(frozen=True)
class Outcomes:
    """An entry an answer, in their order, unless it says otherwise."""

    converted: NDArray[np.bool_]
    minutes: Ints
    ratings: Ints
    """How many of its movies were rated."""
    rating: Ints
    """Their sum, in hundredths."""
    predicted: Ints
    """How many of those it had predicted."""
    squared: NDArray[np.float64]
    """Σ (predicted − rating)² of these, in units of 10⁻⁶: whole numbers."""
    started: tuple[Ints, Ints]
    """Answer and movie of each start within the window after it, offered or not."""
    watchers: Ints
    """(n_movies,) how many users watched a movie on the day."""
    requests: Requests


def outcomes(
    answers: Answers,
    before: Iterable[pa.RecordBatch],
    day: Iterable[pa.RecordBatch],
    movies: Codes,
    params: Online,
    events: Events,
) -> Outcomes:
    """What the rows of the log, of a day and of the one before, say of the answers. `movies`
    numbers those of the answers, and from now on those of the log. Ratings off the scale of
    `events` count as if nobody had sent them."""
    seen = _Seen(answers, movies, params)
    for batch in before:
        seen.watch(batch)
    firsts_before = seen.take_firsts()
    for batch in day:
        seen.watch(batch)
        seen.rate(batch)
        seen.requests.add(batch)
    firsts = seen.take_firsts()
    watchers = np.bincount(firsts["movie"].to_numpy(), minlength=len(movies))
    user, movie, time = _columns(_first(pa.concat_tables([firsts_before, firsts])))
    latest = answers.latest.at(user, time)
    latest[time - answers.time[latest] > params.window if len(answers) else []] = -1
    led = latest >= 0
    credited = led & (answers.offer(latest, movie) >= 0)
    converted = np.zeros(len(answers), dtype=bool)
    converted[latest[credited]] = True
    return Outcomes(
        converted,
        seen.minutes(latest[credited], movie[credited]),
        *_rated(answers, seen.ratings(events)),
        (latest[led], movie[led]),
        watchers,
        seen.requests,
    )


class _Seen:
    """What of the log's rows can matter, batch by batch: memory grows with what users started and
    with what they watched of what they were offered, not with the lines."""

    def __init__(self, answers: Answers, movies: Codes, params: Online) -> None:
        self._answers, self._movies, self._window = answers, movies, params.window
        self.requests = Requests(params.deadline_ms)
        self._firsts: list[pa.Table] = [PAIRS.empty_table()]
        self._many = 0
        self._offered: list[list[NDArray[Any]]] = []
        self._rated: list[list[NDArray[Any]]] = []

    def watch(self, batch: pa.RecordBatch) -> None:
        """Take the watch lines of a batch."""
        rows = batch.filter(pc.equal(batch["kind"], WATCH))
        if not rows.num_rows:
            return
        user, time = rows["user"].to_numpy(), rows["time"].to_numpy()
        movie = self._movies.of(rows["movie"])
        self._firsts.append(_first(pa.table([user, movie, time], schema=PAIRS)))
        self._many += len(self._firsts[-1])
        if self._many > MANY_ROWS:
            self._firsts, self._many = [_first(pa.concat_tables(self._firsts))], 0
        self._keep_offered(user, time, movie, rows["minute"].to_numpy())

    def _keep_offered(self, user: Ints, time: Ints, movie: Ints, minute: Ints) -> None:
        """Keep the rows of what one of the user's answers of the window before offered."""
        answers = self._answers
        latest = answers.latest.at(user, time)
        row = np.flatnonzero(latest >= 0)
        latest = latest[row]
        kept = []
        while len(row):
            near = time[row] - answers.time[latest] <= self._window
            row, latest = row[near], latest[near]
            offered = answers.offer(latest, movie[row]) >= 0
            kept.append(row[offered])
            row, latest = row[~offered], answers.latest.before(latest[~offered])
            row, latest = row[latest >= 0], latest[latest >= 0]
        if kept:
            rows = np.concatenate(kept)
            place = answers.latest.place(user[rows])
            self._offered.append([place, movie[rows], minute[rows], time[rows]])

    def rate(self, batch: pa.RecordBatch) -> None:
        """Take the ratings of a batch by users who got an answer."""
        rows = batch.filter(pc.equal(batch["kind"], RATING))
        user = rows["user"].to_numpy()
        own = self._answers.latest.place(user) >= 0
        if own.any():
            rows = rows.filter(pa.array(own))
            value = rows["text"].cast(pa.float64()).to_numpy()
            movie = self._movies.of(rows["movie"])
            self._rated.append([user[own], movie, rows["time"].to_numpy(), value])

    def take_firsts(self) -> pa.Table:
        """The first watch of each (user, movie) since the last call."""
        table = _first(pa.concat_tables(self._firsts))
        self._firsts, self._many = [PAIRS.empty_table()], 0
        return table

    def minutes(self, latest: Ints, movie: Ints) -> Ints:
        """Different minutes, of the movies that each answer is credited with, within its window."""
        answers, width = self._answers, np.int64(len(self._movies))
        if not (self._offered and len(latest)):
            return np.zeros(len(answers), np.int64)
        place = answers.latest.place(answers.user[latest]).astype(np.int64)
        pairs = place * width + movie
        order = np.argsort(pairs)
        owner, watched, minute, time = map(np.concatenate, zip(*self._offered, strict=True))
        found = lookup(pairs[order], owner * width + watched)
        own = found >= 0
        answer = latest[order][found[own]]
        own[own] = within = time[own] - answers.time[answer] <= self._window
        different = np.unique(
            np.stack([answer[within], watched[own], minute[own]]).astype(np.int64), axis=1
        )
        return np.bincount(different[0], minlength=len(answers))

    def ratings(self, events: Events) -> tuple[Ints, Ints, Ints, Ints]:
        """user, movie, time and hundredths of the last rating of each pair that is on the scale."""
        if not self._rated:
            return (np.empty(0, np.int64),) * 4
        user, movie, time, value = map(np.concatenate, zip(*self._rated, strict=True))
        order = np.lexsort((value, time, movie, user))
        order = order[~events.off(value[order])]
        last = np.ones(len(order), dtype=bool)
        last[:-1] = (np.diff(user[order]) != 0) | (np.diff(movie[order]) != 0)
        rows = order[last]
        return user[rows], movie[rows], time[rows], np.rint(value[rows] * HUNDRED).astype(np.int64)


def _rated(
    answers: Answers, ratings: tuple[Ints, Ints, Ints, Ints]
) -> tuple[Ints, Ints, Ints, NDArray[np.float64]]:
    """Of each answer how many ratings count for it and their sum, how many of them it had
    predicted, and Σ (predicted − rating)²."""
    user, movie, time, value = ratings
    latest = answers.latest.at(user, time)
    entry = np.full(len(user), -1, np.int64)
    row = np.flatnonzero(latest >= 0)
    while len(row):
        row = row[time[row] - answers.time[latest[row]] <= RATED_AFTER]
        entry[row] = answers.offer(latest[row], movie[row])
        row = row[entry[row] < 0]
        latest[row] = answers.latest.before(latest[row])
        row = row[latest[row] >= 0]
    found = entry >= 0
    owner, value = latest[found], value[found]
    predicted = answers.predicted[entry[found]].astype(np.int64)
    told = predicted != NO_PREDICTION
    error = (predicted - value * (THOUSAND // HUNDRED))[told].astype(np.float64)
    n = len(answers)
    return (
        np.bincount(owner, minlength=n),
        _sum(owner, value, n),
        np.bincount(owner[told], minlength=n),
        np.bincount(owner[told], error**2, minlength=n).astype(np.float64),
    )


def _sum(owner: Ints, values: Ints, n: int) -> Ints:
    total = np.zeros(n, np.int64)
    np.add.at(total, owner, values)
    return total


def _first(watches: pa.Table) -> pa.Table:
    """The first of each (user, movie) in a table of PAIRS."""
    first = watches.group_by(["user", "movie"]).aggregate([("time", "min")])
    return pa.table([first[name] for name in ("user", "movie", "time_min")], schema=PAIRS)


def _columns(table: pa.Table) -> list[NDArray[Any]]:
    return [table[name].to_numpy() for name in PAIRS.names]
