"""A folder of arrays: what goes in comes out, the same bytes each time, and nothing unverified."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from movierec.arrays import MANIFEST, Draft, read_folder, read_manifest, write_folder
from movierec.errors import BadInput, CorruptFile, UserError
from movierec.hashing import sha256_of
from movierec.sealed import seal
from tests.inputs.damage import damaged

DTYPES = st.sampled_from(["<i8", "<i4", "<f4", "<f8", "|S7", "|u1"])


def sample(folder: Path) -> Path:
    write_folder(folder, {"ids": np.arange(5), "scores": np.linspace(0, 1, 4)}, {"kind": "test"})
    return folder


@given(array=hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=2, min_side=0)))
def test_an_array_comes_back_with_dtype_shape_and_bytes(tmp_path_factory, array):
    folder = tmp_path_factory.mktemp("arrays") / "folder"
    write_folder(folder, {"a": array}, {})
    arrays, _ = read_folder(folder)
    assert arrays["a"].dtype == array.dtype
    assert arrays["a"].shape == array.shape
    assert arrays["a"].tobytes() == array.tobytes()


def test_the_same_inputs_give_the_same_bytes(tmp_path):
    first, second = sample(tmp_path / "a"), sample(tmp_path / "b")
    names = sorted(path.name for path in first.iterdir())
    assert names == ["ids.npy", MANIFEST, "scores.npy"]
    assert [sha256_of(first / n) for n in names] == [sha256_of(second / n) for n in names]


@given(parts=st.lists(hnp.arrays(DTYPES, st.integers(0, 5)), min_size=1, max_size=4))
def test_a_column_that_comes_in_parts_is_the_file_of_the_whole(tmp_path_factory, parts):
    folder, dtype = tmp_path_factory.mktemp("arrays"), parts[0].dtype
    parts = [part.astype(dtype) for part in parts if part.dtype.kind == dtype.kind]
    write_folder(folder / "whole", {"a": np.concatenate(parts)}, {})
    with Draft(folder / "parts") as draft:
        column = draft.column("a", dtype)
        for part in parts:
            column.append(part)
        assert draft.read("a").tobytes() == np.concatenate(parts).tobytes()
        draft.publish({}, {})
    for name in ("a.npy", MANIFEST):
        assert (folder / "parts" / name).read_bytes() == (folder / "whole" / name).read_bytes()


def test_a_draft_that_is_left_with_an_error_goes_and_what_stood_there_stays(tmp_path):
    folder = sample(tmp_path / "a")
    with pytest.raises(KeyError), Draft(folder) as draft:
        draft.column("ids", np.int64).append(np.arange(9))
        draft.scratch(np.int8).append(np.arange(9))
        raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert read_folder(folder)[1]["kind"] == "test"


def test_a_mapped_array_is_read_only(tmp_path):
    arrays, _ = read_folder(sample(tmp_path / "a"), mmap=True)
    assert type(arrays["ids"]) is np.ndarray
    assert isinstance(arrays["ids"].base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        arrays["ids"][0] = 7


def test_python_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="'a' holds Python objects"):
        write_folder(tmp_path / "a", {"a": np.array([object()])}, {})
    assert not (tmp_path / "a").exists()


def test_a_missing_folder_says_what_to_run(tmp_path):
    with pytest.raises(BadInput, match=r"no such folder; run `dvc repro`"):
        read_folder(tmp_path / "none")


def flip_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, 20)


@pytest.mark.parametrize("damage", [flip_a_byte, truncate, Path.unlink])
def test_a_damaged_array_is_named(tmp_path, damage):
    folder = sample(tmp_path / "a")
    damage(folder / "scores.npy")
    with pytest.raises(CorruptFile, match=r"scores\.npy"):
        read_folder(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"files": 3}', "\udcff"])
def test_a_damaged_manifest_is_named(tmp_path, text):
    folder = sample(tmp_path / "a")
    (folder / MANIFEST).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CorruptFile, match=r"manifest\.json"):
        read_manifest(folder)


def test_no_byte_of_a_manifest_can_change(tmp_path):
    folder = sample(tmp_path / "a")
    content = (folder / MANIFEST).read_bytes()
    for other in damaged(content):
        (folder / MANIFEST).write_bytes(other)
        with pytest.raises(CorruptFile, match=r"manifest\.json: damaged.*chmod -R u\+w"):
            read_folder(folder)


@pytest.mark.parametrize("name", [MANIFEST, "ids.npy"])
def test_a_folder_where_a_file_must_be_is_named(tmp_path, name):
    folder = sample(tmp_path / "a")
    (folder / name).unlink()
    with pytest.raises(UserError, match=rf"{name}: .*`dvc pull --force`"):
        read_folder(folder)
    (folder / name).mkdir()
    with pytest.raises(CorruptFile, match=rf"{name}: .*`dvc pull --force`"):
        read_folder(folder)


def test_a_manifest_from_before_checksums_is_read_when_its_keys_are_known(tmp_path):
    folder = sample(tmp_path / "a")
    document = read_manifest(folder)
    (folder / MANIFEST).write_text(json.dumps(document))
    assert read_folder(folder, unsealed={"files", "kind"})[1] == document
    with pytest.raises(CorruptFile, match=r"of an older format .it has no sha256"):
        read_folder(folder)


@pytest.mark.parametrize(("key", "value"), [("dtype", "<i2"), ("shape", [2, 2])])
def test_a_manifest_that_disagrees_with_an_array_is_refused(tmp_path, key, value):
    folder = sample(tmp_path / "a")
    document = read_manifest(folder)
    document["files"]["ids"][key] = value
    (folder / MANIFEST).write_bytes(seal(document))
    with pytest.raises(CorruptFile, match=r"ids\.npy: dtype or shape differs"):
        read_folder(folder)


def test_a_pickled_array_is_never_loaded(tmp_path):
    folder = sample(tmp_path / "a")
    np.save(folder / "ids.npy", np.array([{"run": "me"}], dtype=object), allow_pickle=True)
    with pytest.raises(CorruptFile, match=r"ids\.npy: unreadable"):
        read_folder(folder, verify=False)


CALLS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.scandir"}
"""Audit events, each raised before its call. rmtree names its files without their folder."""


def write_and_crash(folder: Path, step: int) -> bool:
    """Write a new folder in a child that ends before its `step`th call; whether it got there."""
    child = os.fork()
    if child == 0:
        left = [step]

        def crash(event: str, _: object) -> None:
            if event in CALLS:
                left[0] -= 1
                if left[0] == 0:
                    os._exit(9)

        sys.addaudithook(crash)
        with Draft(folder) as draft:
            ids = draft.column("ids", np.int64)
            ids.append(np.arange(9))
            draft.publish({"more": np.arange(2)}, {"kind": "new"})
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_a_crash_leaves_the_old_folder_or_the_new_one_and_never_half_of_one(tmp_path):
    outcomes = []
    for step in range(1, 100):
        folder = tmp_path / str(step) / "model"
        write_folder(folder, {"ids": np.arange(5), "more": np.arange(2)}, {"kind": "old"})
        crashed = write_and_crash(folder, step)
        if folder.exists():
            arrays, manifest = read_folder(folder)
            assert len(arrays["ids"]) == {"old": 5, "new": 9}[manifest["kind"]]
            outcomes.append(manifest["kind"])
        else:
            outcomes.append("aside")
            read_folder(folder.with_name(".model.old"))
        write_folder(folder, {"ids": np.arange(3)}, {"kind": "next"})
        assert [path.name for path in folder.parent.iterdir()] == ["model"]
        if not crashed:
            break
    assert [k for i, k in enumerate(outcomes) if k not in outcomes[:i]] == ["old", "aside", "new"]
    assert outcomes.count("aside") == 1  # between two renames
    assert outcomes.count("new") > 3  # while the old one is removed


def test_a_second_crash_does_not_lose_what_the_first_one_left_aside(tmp_path):
    folder = sample(tmp_path / "model")
    folder.rename(tmp_path / ".model.old")  # a crash between the two renames
    with pytest.raises(TypeError):
        write_folder(folder, {"a": np.array([object()])}, {})
    assert read_folder(folder)[1]["kind"] == "test"
