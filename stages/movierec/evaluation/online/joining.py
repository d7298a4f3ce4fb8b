"""Later watches joined to the answers that offered them. Pure.

An answer **converts** when its user starts one of its movies within a time after it. A movie
starts with the user's first watch of it that is known: whoever is in minute 40 when the answer
comes, or saw half of it the day before, watches on and was not led there by it. A start is
credited to the user's latest answer before it, whichever model gave that answer, and to no
earlier one: the list on the screen is the one that was chosen from. An answer whose time is
not over by the end of the data is **censored**: it can still convert, so it is left out and
counted.

Times are nanoseconds since 1970. Tables have the columns of `rows.ROWS`.
"""

import io
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from numpy.typing import NDArray

from movierec.lines import events
from movierec.lines.kinds import REQUEST, SERVED, WATCH
from movierec.routing import Routing, arm
from movierec.times import DAY, Nanoseconds, day_number, day_start

LINE = pa.schema(
    [
        ("request_id", pa.string()),
        ("model", pa.string()),
        ("arm", pa.string()),
        ("tier", pa.string()),
        ("ids", pa.list_(pa.string())),
    ]
)
"""What is read of a line of the served log; its time and user are columns of the row."""
ANSWER = ["time", "user", "request_id", "model", "tier"]
"""What tells one answer from another."""


def answers_of(rows: pa.Table) -> pa.Table:
    """The answers among `rows`: time, user, request_id, model, arm, tier, ids."""
    rows = rows.filter(pc.equal(rows["kind"], SERVED))
    lines = _parsed(rows["text"])
    columns = {name: lines[name] for name in LINE.names}
    return pa.table({"time": rows["time"], "user": rows["user"], **columns})


def distinct(answers: pa.Table) -> pa.Table:
    """By time, each answer once: its line may be logged twice, and is then the same to the byte.

    A request id alone tells no two answers apart: it is the caller's, who may repeat it.
    """
    table = answers.sort_by([("time", "ascending"), ("request_id", "ascending")])
    table = table.append_column("row", pa.array(np.arange(len(table))))
    first = table.group_by(ANSWER).aggregate([("row", "min")])["row_min"]
    return table.drop_columns("row").take(np.sort(_numpy(first)))


def elsewhere(answers: pa.Table, routing: Routing) -> int:
    """How many of `answers` another arm gave than `routing` says: it stood in, or was asked by
    name, or users were dealt otherwise then."""
    users, place = np.unique(_numpy(answers["user"]), return_inverse=True)
    dealt = [arm(user, routing.salt, routing.weights) for user in users.tolist()]
    gave = np.asarray(answers["arm"].to_pylist(), dtype=str)
    return int((np.asarray(dealt, dtype=str)[place] != gave).sum())


def starts_of(rows: pa.Table, users: pa.Array) -> pa.Table:
    """The first watch among `rows` of each movie by each of `users`: time, user, movie."""
    wanted = pc.and_(pc.equal(rows["kind"], WATCH), pc.is_in(rows["user"], value_set=users))
    return first_watches(rows.select(["time", "user", "movie"]).filter(wanted))


def first_watches(watches: pa.Table) -> pa.Table:
    """The first of each (user, movie) in a table of time, user and movie."""
    plain = watches.set_column(2, "movie", watches["movie"].cast(pa.string()))
    first = plain.group_by(["user", "movie"]).aggregate([("time", "min")])
    return pa.table({"time": first["time_min"], "user": first["user"], "movie": first["movie"]})


def latest_before(
    answers: tuple[NDArray[np.int64], NDArray[np.int64]],
    watches: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.int64]:
    """For each watch the index of its user's latest answer at or before it, or −1.

    Both arguments are (users, times); of answers at the same time the last one counts.
    """
    users = np.concatenate([answers[0], watches[0]])
    times = np.concatenate([answers[1], watches[1]])
    n = len(answers[0])
    order = np.lexsort((np.arange(len(users)) >= n, times, users))  # answers first on a tie
    seen = np.maximum.accumulate(np.where(order < n, np.arange(len(order)), -1))
    latest = np.full(len(users), -1, dtype=np.int64)
    latest[order] = np.where(seen >= 0, order[seen], -1)
    latest = latest[n:]
    latest[users[latest] != watches[0]] = -1  # another user's; −1 reads the last, harmlessly
    return latest


def converted(answers: pa.Table, watches: pa.Table, window: Nanoseconds) -> NDArray[np.bool_]:
    """Which answers converted within `window`; shape (n_answers,).

    `watches` reach back before the answers, as far as is known: of each (user, movie) the first
    alone is a start.
    """
    result = np.zeros(len(answers), dtype=bool)
    if not len(answers) or not len(watches):
        return result
    watches = first_watches(watches)
    users, times = _numpy(answers["user"]), _numpy(answers["time"])
    watched_at = _numpy(watches["time"])
    latest = latest_before((users, times), (_numpy(watches["user"]), watched_at))
    offers = answers["ids"].combine_chunks()
    movies = pc.unique(offers.flatten())
    code = _numpy(pc.fill_null(pc.index_in(watches["movie"], movies), -1))
    offered = _numpy(pc.list_parent_indices(offers)) * np.int64(len(movies))
    offered += _numpy(pc.index_in(offers.flatten(), movies))
    hit = (latest >= 0) & (code >= 0) & (watched_at - times[latest] <= window)
    hit &= np.isin(latest * np.int64(len(movies)) + code, offered)
    result[latest[hit]] = True
    return result


def complete_until(times: NDArray[np.int64], days: Sequence[str]) -> NDArray[np.int64]:
    """For each time the end of the unbroken run of `days` that it lies in, or the time itself."""
    ends = times.copy()
    for first, end in _runs(days):
        ends[(times >= first) & (times < end)] = end
    return ends


def requests_of(rows: pa.Table, deadline_ms: int) -> tuple[dict[str, int], NDArray[np.uint64]]:
    """Of the request lines among `rows`: how many, with another status than 200, and too late; and
    a key of each list that a user got."""
    rows = rows.filter(pc.equal(rows["kind"], REQUEST))
    fields = pc.extract_regex(rows["text"].cast(pa.string()), f"^{events.REQUEST}$")
    status, ms, result = (pc.struct_field(fields, name) for name in ("status", "ms", "result"))
    late = pc.greater(ms.cast(pa.int64()), deadline_ms)
    got = pc.equal(status, "200")
    lists = pc.replace_substring(result.filter(got), ", ", ",")
    counts = {
        "lines": len(rows),
        "failed": len(rows) - (pc.sum(got).as_py() or 0),
        "late": pc.sum(late).as_py() or 0,
    }
    return counts, _keys(rows["user"].filter(got), lists)


def unattributed(got: NDArray[np.uint64], answers: pa.Table) -> int:
    """How many lists that users got, by the keys of `requests_of`, have no line in the served log:
    that is written as well as may be, and what it lacks no model is credited with."""
    lists, n = np.unique(got, return_counts=True)
    joined = pc.binary_join(answers["ids"].combine_chunks(), ",")
    served, m = np.unique(_keys(answers["user"], joined), return_counts=True)
    _, at, of = np.intersect1d(lists, served, assume_unique=True, return_indices=True)
    return int(n.sum() - np.minimum(n[at], m[of]).sum())


def repeats(answers: pa.Table) -> NDArray[np.bool_]:
    """Which answers, by their time, are the list that their user got the time before, whoever
    gave that one; shape (n_answers,)."""
    lists = _keys(answers["user"], pc.binary_join(answers["ids"].combine_chunks(), ","))
    order = np.argsort(_numpy(answers["user"]), kind="stable")
    repeated = np.zeros(len(answers), dtype=bool)
    repeated[order[1:]] = lists[order[1:]] == lists[order[:-1]]  # keys of two users differ
    return repeated


def _keys(users: Any, lists: Any) -> NDArray[np.uint64]:
    """A number of 64 bits for each user with a list: of a million a night two share one once in
    tens of millions of nights."""
    pairs = zip(users.to_pylist(), lists.to_pylist(), strict=True)
    keys = (blake2b(f"{user},{ids}".encode(), digest_size=8).digest() for user, ids in pairs)
    return np.frombuffer(b"".join(keys), np.uint64)


def _runs(days: Sequence[str]) -> list[tuple[Nanoseconds, Nanoseconds]]:
    """(start, end) of each run of days without a gap."""
    runs: list[tuple[Nanoseconds, Nanoseconds]] = []
    for day in sorted(set(days)):
        start = day_start(day_number(day))
        first = runs.pop()[0] if runs and runs[-1][1] == start else start
        runs.append((first, start + DAY))
    return runs


def _parsed(texts: pa.ChunkedArray) -> pa.Table:
    """The JSON lines as a table with the columns of LINE."""
    if not len(texts):
        return LINE.empty_table()
    data = "\n".join(texts.to_pylist()).encode()
    return pa.json.read_json(
        io.BytesIO(data),
        read_options=pa.json.ReadOptions(use_threads=False, block_size=1 << 24),
        parse_options=pa.json.ParseOptions(
            explicit_schema=LINE, unexpected_field_behavior="ignore"
        ),
    )


def _numpy(column: Any) -> NDArray[Any]:
    array: NDArray[Any] = column.to_numpy()
    return array
