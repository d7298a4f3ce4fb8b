"""Many records at once → rows. `events.parse` is the authority on every line."""

from collections.abc import Callable

import pyarrow as pa

from movierec.events import Account, BadLine, Event, Rating, Request, Watch, parse
from movierec.rows import ACCOUNT, RATING, REJECTED, REQUEST, ROWS, SERVED, WATCH, LineBatch
from movierec.served import Served
from movierec.served import parse_served as parse_served_line

DAY_MS = 86_400_000
NS_PER_MS = 1_000_000
KIND_OF = {Watch: WATCH, Rating: RATING, Request: REQUEST, Account: ACCOUNT, Served: SERVED}


def parse_batch(batch: LineBatch, low: float = 1.0, high: float = 5.0) -> pa.Table:
    """The rows (schema `rows.ROWS`) of a batch of the event log, one a line, in order.

    Ratings must lie in [low, high]. A time more than a day ahead of the record's own
    timestamp is rejected, since it would close days early. Best called with thousands
    of lines at once.
    """
    return _table(batch, lambda line: parse(line, low, high))


def parse_served(batch: LineBatch) -> pa.Table:
    """The rows (schema `rows.ROWS`) of a batch of the `served` log, one a line, in order."""
    return _table(batch, parse_served_line)


def _table(batch: LineBatch, parse_line: Callable[[bytes], Event | Served | BadLine]) -> pa.Table:
    rows = []
    for offset, timestamp, value in zip(
        batch.offsets.tolist(), batch.timestamps.tolist(), batch.values.to_pylist(), strict=True
    ):
        event = judge(value, timestamp, parse_line)
        row = {"offset": offset, "kind": REJECTED}
        if isinstance(event, BadLine):
            row |= {"reason": event.reason, "timestamp": timestamp, "raw": value}
        else:
            row |= {name: getattr(event, name) for name in event.__slots__}
            row |= {"kind": KIND_OF[type(event)]}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=ROWS)


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
