"""An aggregate is read as it was written, or refused."""

from pathlib import Path

import numpy as np
import pytest

from movierec.arrays import read_folder, write_folder
from movierec.dataset.aggregates import load_aggregate, save_aggregate
from movierec.errors import BadInput, CorruptFile
from tests.inputs.viewings import Viewing, aggregate_of


def test_a_saved_aggregate_is_the_same_and_another_format_is_refused(tmp_path: Path) -> None:
    made = aggregate_of([Viewing(0, 5, 1, "a", 3), Viewing(0, 6, 1, "a", rating=4)], 0)
    save_aggregate(tmp_path / "day", made, "2026-11-01", {"stored": 2})
    loaded, counts = load_aggregate(tmp_path / "day")
    assert counts == {"stored": 2}
    assert loaded.rating.tobytes() == made.rating.tobytes()
    assert isinstance(loaded.rating, np.memmap)  # a window's days would not fit into memory
    manifest = tmp_path / "day/manifest.json"
    manifest.write_text(manifest.read_text().replace("aggregate/1", "aggregate/0"))
    with pytest.raises(BadInput, match="not an aggregate"):
        load_aggregate(tmp_path / "day")


def test_an_aggregate_without_a_column_is_refused(tmp_path: Path) -> None:
    made = aggregate_of([Viewing(0, 5, 1, "a", 3)], 0)
    save_aggregate(tmp_path / "day", made, "2026-11-01", {})
    arrays, manifest = read_folder(tmp_path / "day", mmap=False)
    del arrays["rating"]
    write_folder(tmp_path / "bad", arrays, {"format": manifest["format"], "counts": {}})
    with pytest.raises(CorruptFile, match="'rating'; run `dvc checkout`"):
        load_aggregate(tmp_path / "bad")
