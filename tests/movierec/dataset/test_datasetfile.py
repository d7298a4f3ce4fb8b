"""A dataset is read as it was written, or refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from movierec.arrays import read_folder, write_folder
from movierec.dataset.datasetfile import FORMAT, load_dataset, save_dataset
from movierec.dataset.matrix import PARTS, Dataset, TakeUps, Watchers, csr
from movierec.errors import BadInput, CorruptFile

TRAIN = csr(np.array([0, 0, 2]), np.array([0, 1, 1]), np.array([3, 4, 0]), (3, 2))
OTHER = csr(np.array([0, 1]), np.array([1, 0]), np.array([5, 1]), (3, 2))
WATCHERS = Watchers(np.array([4, 7]), np.array([0, 1, 3]), np.array([1, 0, 1], np.int32))
TAKE_UPS = TakeUps(
    np.array([100, 100, 101], np.int32),
    np.array([0, 1, 1], np.int32),
    np.array([2, 1, 0.25], np.float32),
)
WEIGHTS = np.array([1, 0.02, 1], np.float32)
DATASET = Dataset(
    np.array([3, 5, 9]),
    np.array([b"alien", b"jaws"]),
    TRAIN,
    OTHER,
    OTHER,
    (0.0, 5.0),
    watchers=WATCHERS,
    take_ups=TAKE_UPS,
    weights=WEIGHTS,
)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    save_dataset(tmp_path / "dataset", DATASET, {"days": ["2026-11-01"]})
    for mmap in (False, True):
        loaded = load_dataset(tmp_path / "dataset", mmap=mmap)
        assert loaded.users.tolist() == [3, 5, 9]
        assert loaded.movies.tolist() == [b"alien", b"jaws"]
        assert loaded.scale == (0.0, 5.0)
        assert len(loaded.data_hash) == 64
        for part in PARTS:
            matrix, saved = getattr(loaded, part), getattr(DATASET, part)
            assert np.array_equal(matrix.toarray(), saved.toarray())
            assert matrix.indices.dtype == np.int32 and matrix.indptr.dtype == np.int64
            # Else scipy would sort them, in place, where a mapped file may not be written to.
            assert matrix.has_sorted_indices and matrix.has_canonical_format
            assert isinstance(matrix.data.base, np.memmap) == mmap
        for table in ("watchers", "take_ups"):
            for array, saved in zip(getattr(loaded, table), getattr(DATASET, table), strict=True):
                assert (array.tolist(), array.dtype) == (saved.tolist(), saved.dtype)
    assert loaded.train.nnz == 3  # a stored zero is a rating
    # Training reads its ratings over and over, in no order: into memory unless one says else.
    assert not isinstance(load_dataset(tmp_path / "dataset").train.data.base, np.memmap)


def test_weights_are_read_as_they_were_written_and_none_where_all_are_one(tmp_path: Path) -> None:
    save_dataset(tmp_path / "some", DATASET, {})
    weights = load_dataset(tmp_path / "some").weights
    assert weights is not None and weights.tolist() == WEIGHTS.tolist()
    save_dataset(tmp_path / "none", replace(DATASET, weights=None), {})
    assert load_dataset(tmp_path / "none").weights is None
    save_dataset(tmp_path / "ones", replace(DATASET, weights=np.ones(3, np.float32)), {})
    assert load_dataset(tmp_path / "ones").data_hash == load_dataset(tmp_path / "none").data_hash


@pytest.mark.parametrize(
    "weights",
    [
        np.array([1, 1], np.float32),
        np.array([1, 1, 1], np.float64),
        np.array([1, 0, 1], np.float32),
        np.array([1, 1.5, 1], np.float32),
        np.array([1, np.nan, 1], np.float32),
    ],
    ids=str,
)
def test_weights_that_are_none_are_refused(tmp_path: Path, weights: np.ndarray) -> None:
    with pytest.raises(CorruptFile, match=r"the weights do not fit; run `chmod -R u.w"):
        load_dataset(tampered(tmp_path, {"weights": weights}))


def test_a_part_without_entries_is_one(tmp_path: Path) -> None:
    """A log without a watch of an unrated movie."""
    nothing = csr(np.empty(0, int), np.empty(0, int), np.empty(0), (3, 2))
    save_dataset(tmp_path / "dataset", replace(DATASET, watched=nothing), {})
    assert load_dataset(tmp_path / "dataset").watched.nnz == 0


def test_what_is_mapped_is_written_for_the_process_alone(tmp_path: Path) -> None:
    """Kernels are compiled for arrays that may be written."""
    save_dataset(tmp_path / "dataset", DATASET, {})
    loaded = load_dataset(tmp_path / "dataset", mmap=True)
    loaded.train.data[:] = 1
    assert load_dataset(tmp_path / "dataset").train.data.tolist() == TRAIN.data.tolist()


def tampered(folder: Path, changes: dict[str, Any], **manifest: Any) -> Path:
    """A dataset by a wrong writer: its hashes are right, its arrays are not."""
    save_dataset(folder / "good", DATASET, {})
    arrays, said = read_folder(folder / "good", mmap=False)
    for name, values in changes.items():
        arrays[name] = values if values is None else np.asarray(values)
    arrays = {name: values for name, values in arrays.items() if values is not None}
    facts = {"format": said["format"], "scale": said["scale"], "facts": {}}
    write_folder(folder / "bad", arrays, {**facts, **manifest})
    return folder / "bad"


F32, I32, I64 = np.float32, np.int32, np.int64


@pytest.mark.parametrize(
    "changes",
    [
        {"train_data": np.array([3, 4, 0], np.float64)},
        {"train_indices": np.array([0, 1, 1], I64)},
        {"train_indptr": np.array([0, 2, 2, 3], I32)},
        {"train_indptr": np.array([0, 2, 3], I64)},
        {"train_indptr": np.array([0, 2, 2, 3, 3], I64)},
        {"train_data": np.array([3, 4], F32)},
        {"train_data": np.array([3, 4, 0, 1], F32)},
        {"train_indices": np.array([0, 1], I32)},
        {"train_indices": np.array([0, 1, 1, 1], I32)},
        {"train_indptr": np.array([0, 2, 2, 4], I64)},
        {"train_indptr": np.array([0, 2, 2, 2], I64)},
        {"train_indptr": np.array([1, 2, 2, 3], I64)},
        {"train_indptr": np.array([0, 3, 2, 3], I64)},
        {"train_indices": np.array([0, -1, 1], I32)},
        {"train_indices": np.array([0, 2, 1], I32)},
        {"users": np.array([3, 5], I64)},
    ],
    ids=lambda changes: " ".join(f"{k}={v.tolist()}:{v.dtype}" for k, v in changes.items()),
)
def test_a_matrix_whose_arrays_do_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    with pytest.raises(CorruptFile, match=r"the matrix 'train' does not fit; run `chmod -R u.w"):
        load_dataset(tampered(tmp_path, changes))


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ("watchers", {"watchers_users": np.array([4], I64)}),
        ("watchers", {"watchers_users": np.array([4, 7], I32)}),
        ("watchers", {"watchers_indptr": np.array([1, 1, 3], I64)}),
        ("watchers", {"watchers_indptr": np.array([0, 4, 3], I64)}),
        ("watchers", {"watchers_indptr": np.array([0, 1, 2], I64)}),
        ("watchers", {"watchers_indices": np.array([1, 0, 2], I32)}),
        ("watchers", {"watchers_indices": np.array([1, 0, -1], I32)}),
        ("take_ups", {"take_ups_hour": np.array([100, 100], I32)}),
        ("take_ups", {"take_ups_hour": np.array([100, 100, 101], I64)}),
        ("take_ups", {"take_ups_movie": np.array([0, 1, 2], I32)}),
        ("take_ups", {"take_ups_users": np.array([1, 1], np.float32)}),
        ("take_ups", {"take_ups_users": np.array([1, 1, 1], I32)}),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(map(str, value.values())),
)
def test_a_table_whose_arrays_do_not_fit_is_refused(
    tmp_path: Path, table: str, changes: dict[str, Any]
) -> None:
    with pytest.raises(CorruptFile, match=f"the table '{table}' does not fit; run `chmod -R u.w"):
        load_dataset(tampered(tmp_path, changes))


def test_another_format_and_a_missing_array_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"not a dataset of format {FORMAT}"):
        load_dataset(tampered(tmp_path / "a", {}, format="movierec-dataset/0"))
    with pytest.raises(CorruptFile, match="'watched_data' is missing"):
        load_dataset(tampered(tmp_path / "b", {"watched_data": None}))


def test_the_facts_stand_in_the_manifest(tmp_path: Path) -> None:
    save_dataset(tmp_path / "dataset", DATASET, {"days": ["2026-11-01"]})
    manifest = json.loads((tmp_path / "dataset/manifest.json").read_text())
    assert manifest["facts"] == {"days": ["2026-11-01"]}
