"""The checker says of every line of a capture what the collector says of it."""

import io
import json
import subprocess
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.lines.check import count
from movierec.lines.kinds import KINDS, REJECTED
from movierec.lines.parsing import parse_batch
from movierec.lines.rows import LineBatch
from tests.inputs.lines import lines
from tests.movierec.lines.test_events import AT, GOOD

BOM = b"\xef\xbb\xbf"
ACCOUNT = f"{AT},7,GET /create_account".encode()


def collected(records: list[bytes]) -> dict[str, int]:
    """What the collector makes of records: kinds, and reasons of the rejected."""
    offsets = np.arange(len(records), dtype=np.int64)
    rows = parse_batch(
        LineBatch(offsets, np.full_like(offsets, -1), pa.array(records, pa.large_binary())), -1
    ).to_pylist()
    return dict(Counter(r["reason"] if r["kind"] == REJECTED else KINDS[r["kind"]] for r in rows))


def checked(capture: bytes) -> dict[str, int]:
    """What the checker makes of a capture, in the same form."""
    counts = count(io.BytesIO(capture))
    assert counts.pop("read") == sum(
        counts[name] for name in ("watch", "rating", "request", "account", "rejected")
    )
    assert counts.pop("rejected") == sum(counts["reasons"].values())
    assert counts.pop("cut_off") <= 1
    kinds = {name: number for name, number in counts.items() if name != "reasons" and number}
    return {**kinds, **counts["reasons"]}


@given(
    st.lists(st.one_of(lines(), st.binary(max_size=40)), min_size=1, max_size=12),
    st.sampled_from([b"", BOM]),
    st.sampled_from([b"", b"\r"]),
    st.booleans(),
)
def test_any_capture_is_judged_as_its_records_are(
    records: list[bytes], mark: bytes, cr: bytes, unended: bool
) -> None:
    records = [record.replace(b"\n", b"") + cr for record in records]
    records[0] = mark + records[0]
    capture = b"\n".join(records)
    # A last record that is empty shows only by its line feed.
    assert checked(capture if unended and records[-1] else capture + b"\n") == collected(records)


@pytest.mark.parametrize(
    ("capture", "counts"),
    [
        (ACCOUNT + b"\n" + ACCOUNT, {"account": 2}),
        (ACCOUNT + b"\n" + ACCOUNT + b"\n", {"account": 2}),
        (ACCOUNT + b"\r\n" + ACCOUNT + b"\n", {"account": 1, "control-character": 1}),
        (BOM + ACCOUNT + b"\n" + ACCOUNT + b"\n", {"account": 1, "control-character": 1}),
        (ACCOUNT + b"\n\n", {"account": 1, "bad-time": 1}),
        (b"", {}),
    ],
)
def test_a_capture_is_cut_at_line_feeds_and_nowhere_else(
    capture: bytes, counts: dict[str, int]
) -> None:
    assert checked(capture) == counts


def test_the_command_prints_one_object_of_counts() -> None:
    capture = "\n".join([*GOOD, "junk", f"{AT},x,GET /create_account"]).encode()
    command = [sys.executable, "-m", "movierec.lines.check"]
    done = subprocess.run(command, input=capture, capture_output=True, check=True)
    assert json.loads(done.stdout) == {
        "read": 9,
        "watch": 2,
        "rating": 2,
        "request": 2,
        "account": 1,
        "rejected": 2,
        "cut_off": 0,
        "reasons": {"bad-time": 1, "bad-user": 1},
    }
    assert done.stdout.count(b"\n") == 1


def test_a_line_of_ten_megabytes_is_one_rejected_line() -> None:
    counts = count([b"x" * 10_000_000])
    assert (counts["reasons"], counts["cut_off"]) == ({"too-long": 1}, 0)


@pytest.mark.parametrize("line", GOOD)
def test_a_last_line_is_cut_off_wherever_it_was_cut(line: str) -> None:
    """Between the bytes of a character too; at its end, and where what is left is good, it is
    not."""
    whole = line.replace("result: ", "result: ½ ").encode()
    assert count([whole])["cut_off"] == 0
    for end in range(1, len(whole)):
        counts = count([ACCOUNT + b"\n", whole[:end]])
        assert counts["cut_off"] == counts["rejected"], whole[:end]


@pytest.mark.parametrize(
    "line", [b"hello", ACCOUNT + b"\r", BOM + ACCOUNT[:20], b"\0", ACCOUNT[:30] + b"\xff\xff"]
)
def test_a_last_line_that_no_rest_would_mend_is_not_cut_off(line: bytes) -> None:
    counts = count([ACCOUNT + b"\n", line])
    assert (counts["rejected"], counts["cut_off"]) == (1, 0)
    assert count([ACCOUNT[:20] + b"\n"])["cut_off"] == 0, "it has its end"
