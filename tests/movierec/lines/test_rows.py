"""A row gives its line back, of every kind."""

import numpy as np
import pyarrow as pa
import pytest

from movierec.lines.events import parse
from movierec.lines.kinds import REJECTED, SERVED
from movierec.lines.rows import ROWS, STORED, LineBatch, LongLine, line_of
from tests.movierec.lines.test_events import GOOD


@pytest.mark.parametrize("line", GOOD)
def test_a_good_row_is_its_line(line: str) -> None:
    event = parse(line.encode())
    row = dict.fromkeys(ROWS.names)
    row |= {name: getattr(event, name) for name in event.__slots__}
    assert line_of({**row, "kind": event.KIND}) == line.encode()


def test_rejected_and_served_rows_hold_their_line() -> None:
    assert line_of({"kind": REJECTED, "raw": b"\xff"}) == b"\xff"
    assert line_of({"kind": REJECTED, "raw": None}) is None
    assert line_of({"kind": SERVED, "text": "{}", "time": 0, "digits": 0, "user": 1}) == b"{}"


def test_a_kind_that_nobody_knows_is_refused_by_number() -> None:
    with pytest.raises(ValueError, match=r"kind 9; expected one of \[0, 1, 2, 3, 4, 255\]"):
        line_of({"kind": 9})


def test_readers_get_all_that_a_good_line_says_and_nothing_of_a_refused_one() -> None:
    assert STORED.names == [
        "partition", "offset", "kind", "time", "digits", "user", "movie", "minute", "text",
    ]  # fmt: skip


def test_lines_are_moved_together_with_what_is_kept_of_the_long_ones() -> None:
    values = pa.array([b"a", b"head"], pa.large_binary())
    batch = LineBatch(np.array([3, 5]), np.array([7, 8]), values, (LongLine(5, 9000, "c0ffee"),))
    moved = batch.moved(100)
    assert moved.offsets.tolist() == [103, 105]
    assert moved.long == (LongLine(105, 9000, "c0ffee"),)
    assert (moved.timestamps.tolist(), moved.values) == ([7, 8], values)
