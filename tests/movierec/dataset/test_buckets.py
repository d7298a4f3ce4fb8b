"""A day in buckets is read as one that was written whole, or refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from movierec.arrays import MANIFEST
from movierec.dataset.aggregates import load_aggregate
from movierec.dataset.buckets import Buckets, output_of
from movierec.dataset.reduce import reduce_day
from movierec.dataset.window import load_days
from movierec.errors import CorruptFile
from tests.inputs.viewings import Viewing, day_start, read_of, stored

DAY = "2026-11-01"
VIEWINGS = [Viewing(0, 1 + n // 2, 1 + n % 5, f"m{n % 3}", n % 90, rating=n % 3) for n in range(60)]


def written(folder: Path, buckets: int) -> Path:
    """The day of VIEWINGS, of five users."""
    table = stored([v.line for v in VIEWINGS])
    with output_of(folder / DAY, DAY, buckets) as output:
        counts = reduce_day(read_of(table), day_start(0), output.put, output.buckets)
        assert output.done(counts) == 15
    return folder / DAY


@pytest.mark.parametrize("buckets", [2, 64])
def test_a_day_in_buckets_is_read_as_one_that_is_whole(tmp_path: Path, buckets: int) -> None:
    whole, counts = load_aggregate(written(tmp_path / "whole", 1))
    days, counted = load_days(written(tmp_path / "dealt", buckets).parent, [DAY])
    assert counted == [counts] and counts["stored"] == len(VIEWINGS)
    for name, column in vars(whole).items():
        found = getattr(days[0], name)
        assert (found.dtype, found.tobytes()) == (column.dtype, column.tobytes()), name
    assert isinstance(days[0].rating, np.memmap)  # a window's days would not fit into memory
    assert not days[0].rating.flags.writeable


def test_what_is_no_bucket_of_the_day_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, 2)
    shutil.copytree(folder / "01", tmp_path / "kept")
    shutil.rmtree(folder / "01")
    with pytest.raises(CorruptFile, match=r"01: missing, but named in manifest.json"):
        load_aggregate(folder)
    shutil.copytree(folder / "00", folder / "01")  # whole, but another one
    with pytest.raises(CorruptFile, match=r"01: not the bucket that manifest.json names"):
        load_aggregate(folder)
    shutil.rmtree(folder / "01")
    (tmp_path / "kept").rename(folder / "01")
    load_aggregate(folder)
    (folder / "01/user.npy").write_bytes(b"")
    with pytest.raises(CorruptFile, match=r"01/user.npy: SHA-256 differs"):
        load_aggregate(folder)


def test_a_day_without_a_bucket_is_not_finished(tmp_path: Path) -> None:
    with (
        pytest.raises(FileNotFoundError),
        output_of(tmp_path / DAY, DAY, 2) as output,
    ):
        output.put(0, load_aggregate(written(tmp_path / "one", 1))[0])
        output.done({})
    assert not (tmp_path / DAY).exists()


def test_of_attempts_at_a_bucket_one_is_taken(tmp_path: Path) -> None:
    first, _ = load_aggregate(written(tmp_path / "one", 1))
    with output_of(tmp_path / DAY, DAY, 2) as output:
        assert isinstance(output, Buckets)
        for attempt in (7, 8):
            output.attempt(attempt).put(1, first)
        output.take(1, 8)
        output.put(0, first)
        output.done({})
    assert sorted(path.name for path in (tmp_path / DAY).iterdir()) == ["00", "01", MANIFEST]
