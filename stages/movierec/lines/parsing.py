"""Many records at once → rows. `events.parse` is the authority on every line."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from movierec.lines.events import EVENTS, TOO_LONG, BadLine, Event, parse
from movierec.lines.kinds import REJECTED, SERVED, WATCH
from movierec.lines.rows import MAX_KEPT_BYTES, ROWS, LineBatch, LongLine, cut
from movierec.lines.served import Served
from movierec.lines.served import parse_served as parse_served_line
from movierec.lines.watchlines import WatchLines, read_watches
from movierec.times import HOUR, MILLISECOND, Milliseconds

ParseLine: TypeAlias = Callable[[bytes], Event | Served | BadLine]

KIND_OF: dict[type, int] = {**{event: event.KIND for event in EVENTS}, Served: SERVED}
AHEAD: Milliseconds = HOUR // MILLISECOND
"""A time may be so far ahead: as far as Kafka's own guard lets a record's timestamp be."""
SLOW_ROWS = 1 << 14
"""Lines that are Python objects at a time: a batch may hold millions."""
AFTER_OFFSET = pa.schema(list(ROWS)[1:])


def parse_batch(batch: LineBatch, now: Milliseconds) -> pa.Table:
    """The rows (schema `rows.ROWS`) of a batch of the event log, one a line, in order.

    A time more than an hour ahead of its record's timestamp, or of `now` by the caller's clock,
    is rejected: its clock is wrong, and the line belongs to no day yet. Best called with
    thousands of lines at once.
    """
    watches = read_watches(batch.values)
    ahead = watches.taken & (is_ahead(watches.time, batch.timestamps) | is_ahead(watches.time, now))
    if ahead.any():
        watches = watches._replace(
            movies=watches.movies.filter(pa.array(~ahead[watches.taken])),
            taken=watches.taken & ~ahead,
        )
    return _table(batch, parse, watches, now)


def parse_served(batch: LineBatch, now: Milliseconds) -> pa.Table:
    """The rows (schema `rows.ROWS`) of a batch of the `served` log, one a line, in order."""
    rows = _slow(batch, parse_served_line, now)
    return rows.add_column(0, ROWS.field(0), pa.array(batch.offsets))


def is_ahead(time: Any, timestamp: Any) -> Any:
    """Whether a time (ns) is more than an hour ahead of a timestamp (ms, -1 when unknown).

    Of numbers, or of arrays element by element.

    >>> is_ahead(2 * HOUR, 0), is_ahead(HOUR, 0), is_ahead(2 * HOUR, -1)
    (True, False, False)
    """
    return (timestamp >= 0) & (time // MILLISECOND - AHEAD > timestamp)


def judge(
    value: bytes | None, timestamp: Milliseconds, now: Milliseconds, parse_line: ParseLine
) -> Event | Served | BadLine:
    """The event of one record read at `now`, or why it is none."""
    if value is None:
        return BadLine("no-value")
    event = parse_line(value)
    if isinstance(event, BadLine):
        return event
    if is_ahead(event.time, timestamp):
        return BadLine("time-ahead")
    return BadLine("time-ahead-of-clock") if is_ahead(event.time, now) else event


def _table(
    batch: LineBatch, parse_line: ParseLine, watches: WatchLines, now: Milliseconds
) -> pa.Table:
    """Rows of the lines that `watches` took, and of all others by `parse_line`."""
    offsets = pa.array(batch.offsets)
    others = np.flatnonzero(~watches.taken)
    rest = LineBatch(
        batch.offsets[others],
        batch.timestamps[others],
        batch.values.take(pa.array(others)),
        batch.long,
    )
    fast, slow = _fast(watches), _slow(rest, parse_line, now)
    if len(others) == 0 or len(fast) == 0:
        return (fast if len(fast) else slow).add_column(0, ROWS.field(0), offsets)
    place = np.empty(len(offsets), np.int64)  # of each line in fast + slow
    place[watches.taken] = np.arange(len(fast))
    place[others] = np.arange(len(fast), len(offsets))
    both = pa.concat_tables([fast, slow]).unify_dictionaries().combine_chunks()
    return both.take(pa.array(place)).add_column(0, ROWS.field(0), offsets)


def _slow(batch: LineBatch, parse_line: ParseLine, now: Milliseconds) -> pa.Table:
    """The columns after the offset, line by line."""
    long = {line.offset: line for line in batch.long}
    tables = [
        _slow_part(
            LineBatch(
                batch.offsets[start : start + SLOW_ROWS],
                batch.timestamps[start : start + SLOW_ROWS],
                batch.values[start : start + SLOW_ROWS],
            ),
            now,
            parse_line,
            long,
        )
        for start in range(0, max(1, len(batch.offsets)), SLOW_ROWS)
    ]
    if len(tables) == 1:
        return tables[0]
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _slow_part(
    batch: LineBatch, now: Milliseconds, parse_line: ParseLine, long: Mapping[int, LongLine]
) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in AFTER_OFFSET.names}
    records = zip(
        batch.offsets.tolist(), batch.values.to_pylist(), batch.timestamps.tolist(), strict=True
    )
    for offset, value, timestamp in records:
        known = long.get(offset)
        event = judge(value, timestamp, now, parse_line) if known is None else TOO_LONG
        row: dict[str, Any] = {"kind": REJECTED}
        if isinstance(event, BadLine):
            if known is None and value is not None and len(value) > MAX_KEPT_BYTES:
                value, known = cut(offset, value)
            row |= {"reason": event.reason, "timestamp": timestamp, "raw": value}
            row["text"] = known.text if known else None
        else:
            row |= {name: getattr(event, name) for name in event.__slots__}
            row["kind"] = KIND_OF[type(event)]
        for name, column in columns.items():
            column.append(row.get(name))
    return pa.table(
        [pa.array(columns[field.name], field.type) for field in AFTER_OFFSET], schema=AFTER_OFFSET
    )


def _fast(watches: WatchLines) -> pa.Table:
    """The columns after the offset, of the lines taken."""
    taken = watches.taken
    n = int(np.count_nonzero(taken))
    known: dict[str, pa.Array] = {
        "kind": pa.array(np.full(n, WATCH, np.uint8)),
        "time": pa.array(watches.time[taken]),
        "digits": pa.array(watches.digits[taken]),
        "user": pa.array(watches.user[taken]),
        "movie": watches.movies.dictionary_encode(),
        "minute": pa.array(watches.minute[taken]),
    }
    columns = [known.get(f.name, pa.nulls(n, f.type)) for f in AFTER_OFFSET]
    return pa.table(columns, schema=AFTER_OFFSET)
