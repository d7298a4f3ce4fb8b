"""Who takes up what comes back from its folder as it was, or not at all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from movierec.arrays import MANIFEST, write_folder
from movierec.errors import BadInput, CorruptFile
from movierec.models.uptake import UptakeModel
from movierec.models.uptakefile import FORMAT, read_uptake, save_uptake
from movierec.sealed import seal, unseal
from tests.inputs.uptake import HYPER, fitted, taken_up

UPTAKE = replace(fitted(taken_up(9, 7, 0.4), 7), hyper=HYPER)
HASH = "a" * 64


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    save_uptake(tmp_path / "uptake", UPTAKE, HASH)
    found = read_uptake(tmp_path / "uptake", HASH)
    assert found is not None and found.hyper == UPTAKE.hyper
    for name, array in UPTAKE.arrays().items():
        again = getattr(found, name)
        assert (again.dtype, again.shape) == (array.dtype, array.shape)
        assert again.tobytes() == array.tobytes()


def test_that_there_is_none_comes_back_too(tmp_path: Path) -> None:
    save_uptake(tmp_path / "uptake", None, HASH)
    assert read_uptake(tmp_path / "uptake", HASH) is None


def test_the_same_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_uptake(tmp_path / name, UPTAKE, HASH)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


@pytest.mark.parametrize("uptake", [UPTAKE, None], ids=["one", "none"])
def test_one_of_another_dataset_is_refused(uptake: UptakeModel | None, tmp_path: Path) -> None:
    save_uptake(tmp_path / "uptake", uptake, HASH)
    with pytest.raises(BadInput, match=r"uptake: fitted to the dataset a+, not to b+; run `dvc"):
        read_uptake(tmp_path / "uptake", "b" * 64)


def test_what_is_missing_or_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such folder; run `dvc repro`"):
        read_uptake(tmp_path / "uptake", HASH)
    write_folder(tmp_path / "uptake", {"user": np.zeros(3)}, {"format": "movierec-model/3"})
    with pytest.raises(BadInput, match=f"not of format {FORMAT}; run `dvc repro uptake`"):
        read_uptake(tmp_path / "uptake", HASH)


def test_each_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    for name in UPTAKE.shapes():
        save_uptake(tmp_path / "uptake", UPTAKE, HASH)
        path = tmp_path / f"uptake/{name}.npy"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(CorruptFile, match=rf"{name}\.npy: SHA-256 differs"):
            read_uptake(tmp_path / "uptake", HASH)


@pytest.mark.parametrize(
    ("lacks", "changes", "why"),
    [
        ("data_hash", {}, "'data_hash'"),
        ("uptake", {}, "'uptake'"),
        ("", {"uptake": {"n_factors": 3}}, "missing floor"),
        ("", {"files": {}}, "'user'"),
    ],
)
def test_a_manifest_without_what_it_takes_is_refused(
    lacks: str, changes: dict[str, object], why: str, tmp_path: Path
) -> None:
    save_uptake(tmp_path / "uptake", UPTAKE, HASH)
    path = tmp_path / "uptake" / MANIFEST
    document, _ = unseal(path.read_bytes())
    document.pop(lacks, None)
    path.write_bytes(seal(document | changes))
    with pytest.raises(CorruptFile, match=why):
        read_uptake(tmp_path / "uptake", HASH)
