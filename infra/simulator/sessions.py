"""Days of a world's life: who watches what and when, asks before it, rates after it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from infra.simulator.answers import EVEN, SHELF, Asked, Site
from infra.simulator.exact import Bools, Floats, Ints, race, stream
from infra.simulator.log import ROW, LineWriter, Rows, in_order, make_rows
from infra.simulator.world import HIGH, LOW, World, rate
from movierec.errors import BadInput
from movierec.lines.kinds import RATING, REQUEST, WATCH
from movierec.routing import Routing
from movierec.times import DAY_SECONDS, SECOND

MIX = {WATCH: 0.986, REQUEST: 0.009, RATING: 0.005}
"""Shares of the lines of each kind."""
SECOND_THOUGHTS = 0.02
"""Of the ratings, these follow an earlier one by the same user for the same movie."""

FIRST_START = 120  # seconds after midnight, so that a request before it is in the same day
HOURS = [4, 3, 2, 1, 1, 1, 2, 3, 4, 5, 5, 6, 7, 7, 6, 6, 7, 9, 12, 14, 15, 14, 11, 7]
"""How busy each hour of the day is, in UTC."""

EAGERNESS = 0.25
"""How much users go by their taste (`World.appeal`)."""
BLOCK = 1024
"""Users whose choices are drawn together: bounds the memory of users × movies."""
CANDIDATES_A_MINUTE = 1 / 20
"""More sessions are drawn than are needed; those over the day's number of lines are dropped."""


@dataclass
class Sessions:
    """Sittings of one day, in columns: a user watches the first `minutes` of a movie."""

    user: Ints  # row of the world
    movie: Ints  # column of the world
    start: Ints  # whole second since 1970
    minutes: Ints
    liking: Floats

    def take(self, index: Ints) -> "Sessions":
        """Some of the sessions."""
        return Sessions(*(column[index] for column in vars(self).values()))

    def __len__(self) -> int:
        return len(self.user)


class Life:
    """The log of a world, a day at a time. Sessions run over midnight as they please."""

    def __init__(self, world: World, lines_per_day: int, routing: Routing = EVEN) -> None:
        self.world = world
        self.site = Site(world, routing)
        self.writer = LineWriter(world.movies, [str(rating) for rating in range(HIGH + 1)])
        self._watches = round(lines_per_day * MIX[WATCH])
        self._seen = np.zeros((len(world.users), len(world.movies)), bool)

    def days(self, first: int, count: int, until: int) -> Iterator[Rows]:
        """The rows of `count` days from epoch day `first`, in order, up to `until` (ns)."""
        left = np.zeros(0, ROW)
        for day in range(first, first + count + 1):
            rows = in_order([left, self._day(day)])
            end = min((day + 1) * DAY_SECONDS * SECOND, until)
            yield rows[rows["arrival"] < end]
            left = rows[rows["arrival"] >= end]

    def _day(self, day: int) -> Rows:
        """All rows of the sessions that start on an epoch day."""
        random = stream(self.world.seed, 1, day)
        sessions = self._choose(random, day)
        before = self._seen[:, SHELF].copy()
        self._seen[sessions.user, sessions.movie] = True
        watches = self._watch_rows(random, sessions)
        asked = _some(random, len(sessions), len(watches) * MIX[REQUEST] / MIX[WATCH])
        rated = _some(random, len(sessions), len(watches) * MIX[RATING] / MIX[WATCH])
        requests = self._request_rows(random, day, sessions.take(asked), before)
        ratings = self._rating_rows(random, sessions.take(rated))
        return in_order([watches, requests, *ratings])

    def _choose(self, random: np.random.Generator, day: int) -> Sessions:
        """Sessions of a day, with as many minutes as the day has watch lines."""
        wanted = self._watches * CANDIDATES_A_MINUTE / math.fsum(self.world.activity)
        drawn = np.floor(self.world.activity * wanted + random.random(len(self.world.users)))
        blocks = [
            self._candidates(random, np.arange(first, min(first + BLOCK, len(drawn))), drawn)
            for first in range(0, len(drawn), BLOCK)
        ]
        user, movie, liking = (np.concatenate(column) for column in zip(*blocks, strict=True))
        order = np.argsort(random.random(len(user)), kind="stable")
        user, movie, liking = user[order], movie[order], liking[order]
        minutes = watched_minutes(random, liking, self.world.lengths[movie])
        kept = int(np.searchsorted(np.cumsum(minutes), self._watches, side="right"))
        if kept == len(minutes):
            raise BadInput(
                f"{len(self.world.users)} users and {len(self.world.movies)} movies are too few "
                f"for {self._watches} minutes on day {day}; raise --users, --movies or lower "
                "--lines-per-day"
            )
        start = day * DAY_SECONDS + _starts(random, len(user))
        return Sessions(user, movie, start, minutes, liking).take(np.arange(kept))

    def _candidates(
        self, random: np.random.Generator, users: Ints, drawn: Floats
    ) -> tuple[Ints, Ints, Floats]:
        """(user, movie, liking) of each session that a block of users might have."""
        keys = race(random, self.world.appeal(users, EAGERNESS))
        keys[self._seen[users]] = np.inf
        order = np.argsort(keys, axis=1, kind="stable")
        unseen = len(self.world.movies) - self._seen[users].sum(axis=1)
        taken = np.arange(len(self.world.movies)) < np.minimum(drawn[users], unseen)[:, None]
        row, rank = np.nonzero(taken)
        movie = order[row, rank]
        return users[row], movie, self.world.liking(users)[row, movie]

    def _watch_rows(self, random: np.random.Generator, sessions: Sessions) -> Rows:
        """One row a minute watched."""
        of = np.repeat(np.arange(len(sessions)), sessions.minutes)
        first = np.cumsum(sessions.minutes) - sessions.minutes
        minute = np.arange(len(of)) - first[of]
        time = (sessions.start[of] + 60 * minute) * SECOND
        user = self.world.users[sessions.user[of]]
        return make_rows(random, WATCH, time, user, sessions.movie[of], minute)

    def _request_rows(
        self, random: np.random.Generator, day: int, sessions: Sessions, seen: Bools
    ) -> Rows:
        """A request some seconds before each session; `seen` is who had seen what of the SHELF."""
        count = len(sessions)
        asked = Asked(sessions.user, sessions.movie, seen[sessions.user])
        texts = self.site.answer(random, day, asked)
        number = self.writer.add_requests(texts)
        time = (sessions.start - random.integers(5, FIRST_START, count)) * SECOND
        user = self.world.users[sessions.user]
        return make_rows(random, REQUEST, time, user, np.zeros(count, np.int64), number)

    def _rating_rows(self, random: np.random.Generator, sessions: Sessions) -> list[Rows]:
        """A rating after each session, but for a few whose user thinks again after that."""
        once = len(sessions) - round(len(sessions) * SECOND_THOUGHTS)
        first = sessions.take(np.arange(once))
        end = first.start + 60 * first.minutes + random.integers(10, 300, once)
        user = self.world.users[first.user]
        rating = rate(random, first.liking)
        rows = make_rows(random, RATING, end * SECOND, user, first.movie, rating)
        again = slice(0, len(sessions) - once)
        later = end[again] + random.integers(10, 120, len(end[again]))
        changed = rate(random, first.liking[again])
        return [
            rows,
            make_rows(random, RATING, later * SECOND, user[again], first.movie[again], changed),
        ]


def watched_minutes(random: np.random.Generator, liking: Floats, lengths: Ints) -> Ints:
    """Minutes watched: those who like a movie tend to finish it, the others stop early."""
    interest = np.clip((liking - LOW) / (HIGH - LOW), 0.05, 0.95)
    finished = random.random(len(liking)) < interest * interest
    stopped = 1 + np.floor(random.random(len(liking)) * interest * lengths * 0.5)
    return np.where(finished, lengths, stopped.astype(np.int64))


def _starts(random: np.random.Generator, count: int) -> Ints:
    """Seconds after midnight, busier in the evening."""
    edges = np.cumsum(HOURS)
    hour = np.searchsorted(edges, random.integers(0, edges[-1], count), side="right")
    seconds: Ints = np.maximum(hour * 3600 + random.integers(0, 3600, count), FIRST_START)
    return seconds


def _some(random: np.random.Generator, count: int, wanted: float) -> Ints:
    """`wanted` of `count` rows, in a random order."""
    return random.permutation(count)[: round(wanted)]
