"""Many records at once → rows. `events.parse` is the authority on every line."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from movierec.lines.events import Account, BadLine, Event, Rating, Request, Watch, parse
from movierec.lines.rows import ACCOUNT, RATING, REJECTED, REQUEST, ROWS, SERVED, WATCH, LineBatch
from movierec.lines.served import Served
from movierec.lines.served import parse_served as parse_served_line
from movierec.lines.watchlines import Watches, read_watches

DAY_MS = 86_400_000
NS_PER_MS = 1_000_000
KIND_OF = {Watch: WATCH, Rating: RATING, Request: REQUEST, Account: ACCOUNT, Served: SERVED}


def parse_batch(batch: LineBatch, low: float = 1.0, high: float = 5.0) -> pa.Table:
    """The rows (schema `rows.ROWS`) of a batch of the event log, one a line, in order.

    Ratings must lie in [low, high]. A time more than a day ahead of the record's own
    timestamp is rejected, since it would close days early. Best called with thousands
    of lines at once.
    """
    watches = read_watches(batch.values)
    ahead = watches.taken & (batch.timestamps >= 0)
    ahead &= watches.time // NS_PER_MS - DAY_MS > batch.timestamps
    if ahead.any():
        watches = watches._replace(
            movies=watches.movies.filter(pa.array(~ahead[watches.taken])),
            taken=watches.taken & ~ahead,
        )
    return _table(batch, lambda line: parse(line, low, high), watches)


def parse_served(batch: LineBatch) -> pa.Table:
    """The rows (schema `rows.ROWS`) of a batch of the `served` log, one a line, in order."""
    return _table(batch, parse_served_line, None)


def _table(
    batch: LineBatch,
    parse_line: Callable[[bytes], Event | Served | BadLine],
    watches: Watches | None,
) -> pa.Table:
    """Rows of the lines that `watches` took, and of all others by `parse_line`."""
    n = len(batch.offsets)
    taken = watches.taken if watches else np.zeros(n, np.bool_)
    others = np.flatnonzero(~taken)
    columns: dict[str, list[Any]] = {name: [] for name in ROWS.names[1:]}
    values = batch.values.take(pa.array(others)).to_pylist()
    for value, timestamp in zip(values, batch.timestamps[others].tolist(), strict=True):
        event = judge(value, timestamp, parse_line)
        row: dict[str, Any] = {"kind": REJECTED}
        if isinstance(event, BadLine):
            row |= {"reason": event.reason, "timestamp": timestamp, "raw": value}
        else:
            row |= {name: getattr(event, name) for name in event.__slots__}
            row["kind"] = KIND_OF[type(event)]
        for name, column in columns.items():
            column.append(row.get(name))
    slow = pa.table(
        [pa.array(columns[field.name], field.type) for field in list(ROWS)[1:]],
        schema=pa.schema(list(ROWS)[1:]),
    )
    offsets = pa.array(batch.offsets)
    if watches is None or len(others) == n:
        return slow.add_column(0, ROWS.field(0), offsets)
    fast = pa.table(_watch_columns(watches), schema=slow.schema)
    place = np.empty(n, np.int64)  # of each line in fast + slow
    place[taken] = np.arange(n - len(others))
    place[others] = np.arange(n - len(others), n)
    both = pa.concat_tables([fast, slow]).unify_dictionaries().combine_chunks()
    table = both.take(pa.array(place)) if len(others) else fast
    return table.add_column(0, ROWS.field(0), offsets)


def _watch_columns(watches: Watches) -> list[pa.Array]:
    """The columns of ROWS after the offset, of the lines taken."""
    taken = watches.taken
    n = int(np.count_nonzero(taken))
    known = {
        "kind": pa.array(np.full(n, WATCH, np.uint8)),
        "time": pa.array(watches.time[taken]),
        "digits": pa.array(watches.digits[taken]),
        "user": pa.array(watches.user[taken]),
        "movie": watches.movies.dictionary_encode(),
        "minute": pa.array(watches.minute[taken]),
    }
    return [known[f.name] if f.name in known else pa.nulls(n, f.type) for f in list(ROWS)[1:]]


def judge(
    value: bytes | None, timestamp: int, parse_line: Callable[[bytes], Event | Served | BadLine]
) -> Event | Served | BadLine:
    """The event of one record, or why it is none."""
    if value is None:
        return BadLine("no-value")
    event = parse_line(value)
    if isinstance(event, BadLine):
        return event
    if timestamp >= 0 and event.time // NS_PER_MS - DAY_MS > timestamp:
        return BadLine("time-ahead")
    return event
