"""The data of a whole site's night: one closed day of log lines, by the store's own writer, and the
aggregates of the days before it, made as such.

The mix of the day is the log's: 98.6 % watches, a line a minute in sittings of 75 to 150; 0.9 %
requests, 0.5 % ratings of a hidden taste; one line in a thousand refused, one in two thousand an
exact repeat. Simpler than a real one: times are whole seconds, and requests share 60,000 texts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.dataset.aggregates import Aggregate, save_aggregate
from movierec.hashing import mix
from movierec.lines.kinds import RATING, REJECTED, REQUEST, WATCH
from movierec.lines.rows import ROWS
from movierec.store.dayfile import DayFile, put_day
from movierec.store.storage import at
from movierec.times import DAY, SECOND, day_name

PARTITIONS = 8
FACTORS = 8
ROWS_AT_ONCE = 1 << 18
POOL = 60_000
HEAD = "recommender.example:8082, status 200, result: "
BAD = b"2026-11-01T00:00:00,1,GET /data/m/x y/1.mpg"
MINUTES = (75, 151)
Ints = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Site:
    """Who there is, what there is, and how often it is chosen."""

    slugs: NDArray[np.bytes_]
    """Ascending."""
    movie_cdf: NDArray[np.float64]
    user_cdf: NDArray[np.float64]
    p_u: NDArray[np.float32]
    q_i: NDArray[np.float32]
    b_u: NDArray[np.float32]
    b_i: NDArray[np.float32]

    @classmethod
    def of(cls, users: int, movies: int) -> "Site":
        """Zipf's law among movies, log-normal activity of users, a taste of eight factors."""
        random = np.random.default_rng(1)
        weight = random.permutation(1.0 / np.arange(1, movies + 1) ** 0.9)
        activity = random.lognormal(0, 0.8, users)
        slugs = [f"title+{n:05d}+of+the+canyon+{1920 + n % 100}" for n in range(movies)]
        return cls(
            np.array(slugs, np.bytes_),
            np.cumsum(weight / weight.sum()),
            np.cumsum(activity / activity.sum()),
            random.normal(0, 0.5, (users, FACTORS)).astype(np.float32),
            random.normal(0, 0.5, (movies, FACTORS)).astype(np.float32),
            random.normal(0, 0.4, users).astype(np.float32),
            random.normal(0, 0.5, movies).astype(np.float32),
        )

    def stars(self, random: np.random.Generator, u: Ints, i: Ints) -> NDArray[np.int64]:
        """Ratings 1 to 5 of pairs."""
        taste = (self.p_u[u] * self.q_i[i]).sum(1) + random.normal(0, 0.6, len(u))
        rating = np.rint(3.4 + self.b_u[u] + self.b_i[i] + taste)
        return np.clip(rating, 1, 5).astype(np.int64)


def drawn(random: np.random.Generator, cdf: NDArray[np.float64], n: int) -> NDArray[np.int64]:
    """`n` numbers by their probabilities."""
    found: NDArray[np.int64] = np.searchsorted(cdf, random.random(n) * cdf[-1], "right")
    return np.minimum(found, len(cdf) - 1)


def make_day(root: Path, day: int, lines: int, users: int, movies: int) -> dict[str, Any]:
    """Close epoch day `day` with some `lines` lines below `root`; its manifest."""
    site, random = Site.of(users, movies), np.random.default_rng(2)
    slugs = pa.array([slug.decode() for slug in site.slugs])
    texts = pa.concat_arrays([pa.array(list("12345")), answers(random, site, slugs)])

    def fill(file: DayFile) -> None:
        place = mix(np.arange(1, users + 1)) % np.uint64(PARTITIONS)
        for partition in range(PARTITIONS):
            mine = np.flatnonzero(place == partition)
            table = log_of(random, site, mine, lines // PARTITIONS)
            file.begin_partition(partition, len(table["kind"]), [])
            for rows in tables(random, table, day, slugs, texts):
                file.add(rows)

    manifest = put_day(at(root), "movielog", day, fill)
    assert manifest is not None, "nobody else makes it"
    return manifest


def answers(random: np.random.Generator, site: Site, slugs: pa.Array) -> pa.Array:
    """Texts of request lines."""
    lists = drawn(random, site.movie_cdf, POOL * 20).reshape(POOL, 20)
    names = np.asarray(slugs.to_pylist(), object)[lists].tolist()
    waits = random.integers(5, 120, POOL).tolist()
    return pa.array(
        [f"{HEAD}{', '.join(row)}, {ms} ms" for row, ms in zip(names, waits, strict=True)]
    )


def log_of(random: np.random.Generator, site: Site, mine: Ints, lines: int) -> dict[str, Ints]:
    """A day's lines of the users `mine`, in the order of time, in columns."""
    cdf = np.cumsum(np.diff(site.user_cdf, prepend=0)[mine])
    n = round(lines * 0.986 / (sum(MINUTES) / 2) * 1.03)
    u, m = mine[drawn(random, cdf, n)], drawn(random, site.movie_cdf, n)
    begin = random.integers(0, 86_340, n)
    total = np.maximum(np.minimum(random.integers(*MINUTES, n), (86_400 - begin) // 60), 1)
    sitting = np.repeat(np.arange(n), total)
    minute = np.arange(len(sitting)) - np.repeat(np.cumsum(total) - total, total)
    rated = random.choice(n, round(lines * 0.005))
    again = random.random(len(rated)) < 0.03
    rated[1:][again[1:]] = rated[:-1][again[1:]]
    asked = round(lines * 0.009)
    late = begin[rated] + total[rated] * 60 + random.integers(1, 300, len(rated))
    columns = {
        "time": [begin[sitting] + minute * 60, np.minimum(late, 86_399)],
        "kind": [np.full(len(sitting), WATCH), np.full(len(rated), RATING)],
        "user": [u[sitting] + 1, u[rated] + 1],
        "movie": [m[sitting], m[rated]],
        "minute": [minute, np.zeros(len(rated), np.int64)],
        "text": [np.zeros(len(sitting), np.int64), site.stars(random, u[rated], m[rated]) - 1],
    }
    requests = {
        "time": random.integers(0, 86_400, asked),
        "kind": np.full(asked, REQUEST),
        "user": mine[drawn(random, cdf, asked)] + 1,
        "movie": np.zeros(asked, np.int64),
        "minute": np.zeros(asked, np.int64),
        "text": 5 + random.integers(0, POOL, asked),
    }
    order = np.argsort(np.concatenate([*columns["time"], requests["time"]]), kind="stable")
    repeat = np.repeat(order, 1 + (random.random(len(order)) < 0.0005))
    return {name: np.concatenate([*columns[name], requests[name]])[repeat] for name in columns}


def tables(
    random: np.random.Generator, lines: dict[str, Ints], day: int, slugs: pa.Array, texts: pa.Array
) -> Iterator[pa.Table]:
    """Those lines as tables of the store, a thousandth of them refused."""
    for low in range(0, len(lines["kind"]), ROWS_AT_ONCE):
        part = {name: column[low : low + ROWS_AT_ONCE] for name, column in lines.items()}
        n, kind = len(part["kind"]), part["kind"]
        bad = random.random(n) < 0.001
        time = day * DAY + part["time"] * SECOND

        def column(name: str, without: Any, kind: Any) -> pa.Array:
            return pa.array(part[name].astype(kind), mask=bad | without)  # noqa: B023

        movies = column("movie", kind == REQUEST, np.int32)
        reasons = pa.array(np.zeros(n, np.int32), mask=~bad)
        yield pa.table(
            [
                pa.array(np.arange(low, low + n)),
                pa.array(np.where(bad, REJECTED, kind).astype(np.uint8)),
                pa.array(time, mask=bad),
                pa.array(np.zeros(n, np.uint8), mask=bad),
                column("user", False, np.int64),
                pa.DictionaryArray.from_arrays(movies, slugs),
                column("minute", kind != WATCH, np.int32),
                texts.take(column("text", kind == WATCH, np.int32)),
                pa.DictionaryArray.from_arrays(reasons, pa.array(["bad-watch"])),
                pa.array(time // 1_000_000),
                pa.array([BAD if one else None for one in bad.tolist()], pa.large_binary()),
            ],
            schema=ROWS,
        )


def make_aggregate(folder: Path, day: int, lines: int, users: int, movies: int) -> None:
    """What the aggregate stage would write of a day with some `lines` lines."""
    site, random = Site.of(users, movies), np.random.default_rng(day)
    n = round(lines * 0.986 / (sum(MINUTES) / 2))
    u, m = drawn(random, site.user_cdf, n), drawn(random, site.movie_cdf, n)
    _, at_ = np.unique(u * movies + m, return_index=True)
    u, m = u[at_], m[at_]
    minutes = random.integers(*MINUTES, len(u)).astype(np.int32)
    first = day * DAY + random.integers(0, 75_000, len(u)) * SECOND
    last = first + (minutes.astype(np.int64) - 1) * 60 * SECOND
    rated = random.random(len(u)) < lines * 0.005 / len(u)
    rating = np.where(rated, site.stars(random, u, m), np.nan).astype(np.float32)
    rated_at = np.where(rated, last + 90 * SECOND, 0)
    seen, code = np.unique(m, return_inverse=True)
    code = code.astype(np.int32)
    e = np.flatnonzero(rated & (random.random(len(u)) < 0.03))
    earlier = site.stars(random, u[e], m[e]).astype(np.float32)
    aggregate = Aggregate(
        site.slugs[seen], u + 1, code, minutes, first, last, rating, rated_at,
        u[e] + 1, code[e], earlier, rated_at[e] - 30 * SECOND,
    )  # fmt: skip
    watches, ratings = int(minutes.sum()), int(rated.sum()) + len(e)
    counts: dict[str, Any] = {
        "watch": watches,
        "rating": ratings,
        "request": watches // 110,
        "account": 0,
    }
    counts |= {"served": 0, "duplicates": watches // 2000, "late": 0, "oldest": day * DAY}
    counts |= {"newest": (day + 1) * DAY - 1, "rejected": watches // 1000, "rejected_ratings": 0}
    counts |= {"reasons": {"bad-watch": watches // 1000}}
    counts["stored"] = watches + ratings + watches // 110
    save_aggregate(folder, aggregate, day_name(day), counts)
