"""`make bench-store ARGS="--store s3"`: what the store asks of S3, request by request.

Requests are what S3 is paid for and what each takes a way to the server, so they are counted, on a
real server (versitygw). The start is also timed behind a proxy that lets each request wait 20 ms,
about what a region's S3 takes.
"""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

from infra.demo.report import table
from movierec.store.chain import read_chain
from movierec.store.closing import Closer
from movierec.store.s3 import S3
from movierec.store.s3calls import Calls, connect, shared
from movierec.store.segments import partition_at
from movierec.store.tail import claim_partition
from movierec.times import DAY, day_number
from movierec.url import Url, root_of
from tests.bench.measured_lines import lines
from tests.brokers.s3 import BUCKET, Fault, proxied, serving, variables

TOPIC = "movielog"
SEGMENTS = 1000
GRACE = 900
NOW = day_number("2026-04-01") * DAY
WAIT_SECONDS = 0.02
KINDS = ("put_object", "get_object", "list_objects_v2", "delete_objects")


def main() -> int:
    """Count and print a table, then JSON."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder)) as server,
        mock.patch.dict("os.environ", variables(server.endpoint)),
        proxied(server) as proxy,
    ):
        root = root_of(f"s3://{BUCKET}/store")
        assert isinstance(root, Url)
        counted = count(root)
        proxy.judge = lambda request: Fault(before=lambda: time.sleep(WAIT_SECONDS))
        far = connect(proxy.endpoint)
        seconds = read_seconds(root, far)
    rows = [[what, *(f"{made[kind]:,}" for kind in KINDS)] for what, made in counted.items()]
    print(table(["what", "PUT", "GET", "LIST", "DELETE"], rows))
    waits = f"{WAIT_SECONDS * 1000:.0f} ms a request"
    print(f"footers of {SEGMENTS:,} segments, {waits}: {seconds:.1f} s")
    print(json.dumps({"requests": counted, "read_seconds": seconds}))
    return 0


def count(root: Url) -> dict[str, Counter[str]]:
    """The requests of each thing that a collector does."""
    counted: dict[str, Counter[str]] = {}
    calls = shared()

    def counting(what: str, do: Callable[[], Any]) -> Any:
        before = calls.made.copy()
        done = do()
        counted[what] = calls.made - before
        return done

    tail = claim_partition(root, TOPIC, 0)
    for _ in range(SEGMENTS - 1):
        tail.write(tail.end + 2, lines("2026-03-01", tail.end))
    counting("a flush", lambda: tail.write(tail.end + 2, lines("2026-03-01", tail.end)))
    heir = counting(
        f"claiming a partition of {SEGMENTS:,} segments", lambda: claim_partition(root, TOPIC, 0)
    )
    closer = Closer(root, TOPIC, evidence=2)
    ends = {0: heir.end}
    closer.close_due_days(ends, GRACE, NOW, {0: heir.found})
    counting(
        "a check that finds no day due",
        lambda: closer.close_due_days(ends, GRACE, NOW),
    )
    heir.write(heir.end + 2, lines("2026-03-02", heir.end))
    days = counting(
        f"closing a day of {SEGMENTS:,} segments",
        lambda: closer.close_due_days({0: heir.end}, GRACE, NOW),
    )
    assert len(days) == 1
    # The next day stands on what is left: as many segments again, for the proxy.
    for _ in range(SEGMENTS):
        heir.write(heir.end + 2, lines("2026-03-02", heir.end))
    return counted


def read_seconds(root: Url, calls: Calls) -> float:
    """How long the footers of a chain take to read."""
    partition = replace(partition_at(root, TOPIC, 0), storage=S3(root, calls))
    began = time.perf_counter()
    assert len(read_chain(partition).segments) > SEGMENTS
    return round(time.perf_counter() - began, 2)
