"""What the benchmark measures in seconds, held in calls of the storage: none grows with the day."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from movierec.store.closing import Closer
from movierec.store.durable import Disk
from movierec.store.tail import claim_partition
from tests.bench.bench_store import GRACE, NOW, TOPIC, fill
from tests.bench.measured_lines import lines

PARTITIONS = 3


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Calls of each of the storage's verbs."""
    calls: Counter[str] = Counter()

    def counting(verb: str) -> Any:
        original = getattr(Disk, verb)

        def call(*arguments: Any, **more: Any) -> Any:
            calls[verb] += 1
            return original(*arguments, **more)

        return mock.patch.object(Disk, verb, call)

    with counting("put_new"), counting("open"), counting("names"), counting("remove"):
        yield calls


def costs(root: Path, segments: int) -> dict[str, Counter[str]]:
    """Calls of a start a segment, of a flush and of a check, beside so many segments."""
    fill(root, PARTITIONS, segments)
    with counted() as claiming:
        tails = [claim_partition(root, TOPIC, number) for number in range(PARTITIONS)]
    closer = Closer(root, TOPIC, evidence=2)
    closer.close_due_days({tail.partition.number: tail.end for tail in tails}, GRACE, NOW)
    with counted() as flush:
        tails[0].write(tails[0].end + 2, lines("2026-03-01", tails[0].end))
    with counted() as check:
        closer.close_due_days({tail.partition.number: tail.end for tail in tails}, GRACE, NOW)
    return {"claim": claiming, "flush": flush, "check": check}


def test_a_flush_and_a_check_cost_the_same_beside_few_and_many_segments(tmp_path: Path) -> None:
    few, many = costs(tmp_path / "few", 2), costs(tmp_path / "many", 100)
    assert many["flush"] == few["flush"]
    assert many["check"] == few["check"]
    assert few["check"]["open"] > 0  # it did look


def test_a_start_opens_each_segment_once(tmp_path: Path) -> None:
    few, many = costs(tmp_path / "few", 2)["claim"], costs(tmp_path / "many", 100)["claim"]
    assert many["open"] - few["open"] == PARTITIONS * 98
    assert many["names"] == few["names"]
