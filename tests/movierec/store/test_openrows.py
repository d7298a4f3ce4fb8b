"""Rows of no closed day: a consistent picture, even while days close."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from movierec.errors import CorruptFile
from movierec.lines.rows import STORED
from movierec.store import openrows
from movierec.store.openrows import open_rejected, open_rows
from movierec.store.placing import rows_between
from tests.movierec.store.filling import TOPIC, close, file_of, put, stored, watch


def test_nothing_is_an_empty_table(tmp_path: Path) -> None:
    assert open_rows(tmp_path, TOPIC) == STORED.empty_table().unify_dictionaries()
    assert list(open_rejected(tmp_path, TOPIC)) == []


def test_open_rows_are_by_partition_and_offset(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 5), b"junk", watch(1, 4)], partition=1)
    put(tmp_path, [watch(1, 9)])
    assert stored(tmp_path) == [watch(1, 9), watch(1, 5), watch(1, 4)]
    rows = open_rows(tmp_path, TOPIC)
    assert rows.schema == STORED
    assert rows.column("partition").to_pylist() == [0, 1, 1]
    (bad,) = open_rejected(tmp_path, TOPIC)
    assert (bad["partition"], bad["offset"], bad["raw"]) == (1, 1, b"junk")


def test_a_day_that_closes_meanwhile_is_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], 1)
    tries: list[object] = []

    def closing_meanwhile(*a: Any) -> Iterator[pa.Table]:
        tries.append(a)
        if len(tries) == 1:
            close(tmp_path, p0=2)
        return rows_between(*a)

    monkeypatch.setattr(openrows, "rows_between", closing_meanwhile)
    assert stored(tmp_path) == [watch(2, 30)]
    assert len(tries) == 2


def test_a_segment_that_vanishes_without_a_closing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, [watch(1, 1)])

    def vanishing(*a: Any) -> Iterator[pa.Table]:
        file_of(tmp_path).unlink()
        return rows_between(*a)

    monkeypatch.setattr(openrows, "rows_between", vanishing)
    with pytest.raises(CorruptFile, match=r"0\.parquet: went while it was read; try again"):
        open_rows(tmp_path, TOPIC)
