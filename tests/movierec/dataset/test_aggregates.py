"""An aggregate is read as it was written, or refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from movierec.arrays import MANIFEST, read_folder, read_manifest, write_folder
from movierec.dataset.aggregates import load_aggregate, save_aggregate
from movierec.errors import BadInput, CorruptFile
from movierec.sealed import seal
from tests.inputs.viewings import Viewing, aggregate_of

DAY = "2026-11-01"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a saved aggregate."""
    made = aggregate_of([Viewing(0, 5, 1, "a", 3), Viewing(0, 6, 1, "a", rating=4)], 0)
    save_aggregate(tmp_path / DAY, made, DAY, {"stored": 2})
    loaded, counts = load_aggregate(tmp_path / DAY)
    assert counts == {"stored": 2}
    assert loaded.rating.tobytes() == made.rating.tobytes()
    assert isinstance(loaded.rating.base, np.memmap)  # a window's days would not fit into memory
    return tmp_path / DAY


def test_another_format_is_refused(folder: Path) -> None:
    manifest = read_manifest(folder)
    for number in (0, 3):
        change = {"format": f"movierec-aggregate/{number}"}
        (folder / MANIFEST).write_bytes(seal(manifest | change))
        with pytest.raises(BadInput, match="not an aggregate of format movierec-aggregate/2"):
            load_aggregate(folder)


def test_the_first_format_is_read(folder: Path) -> None:
    """It had no checksum; its raw day may have expired."""
    first = read_manifest(folder) | {"format": "movierec-aggregate/1"}
    (folder / MANIFEST).write_text(json.dumps(first, indent=2))
    assert load_aggregate(folder)[1] == {"stored": 2}


def test_an_aggregate_of_another_day_is_refused(folder: Path) -> None:
    other = folder.rename(folder.with_name("2026-11-02"))
    with pytest.raises(CorruptFile, match=f"2026-11-02: the aggregate of '{DAY}'"):
        load_aggregate(other)


def test_an_aggregate_without_a_column_is_refused(folder: Path) -> None:
    arrays, manifest = read_folder(folder, mmap=False)
    del arrays["rating"]
    write_folder(folder, arrays, {"format": manifest["format"], "day": DAY, "counts": {}})
    with pytest.raises(CorruptFile, match=r"'rating'; run `chmod -R u.w"):
        load_aggregate(folder)
