"""Bytes that nothing can change: neither who writes to the file nor who writes to the copy."""

import errno
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from movierec.frozen import array_of, frozen

NUMBERS = np.arange(2000, dtype=np.int32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    np.save(tmp_path / "numbers.npy", NUMBERS)
    return tmp_path / "numbers.npy"


def test_what_happens_to_the_file_happens_to_the_file_alone(path: Path) -> None:
    content = path.read_bytes()
    copy = frozen(path)
    array = array_of(copy)
    path.write_bytes(b"\0" * len(content))  # in place: the same file
    assert copy[:] == content
    os.truncate(path, 0)  # a map of it would end the process here
    assert array.tolist() == NUMBERS.tolist()
    path.unlink()
    assert copy[:] == content


def test_nobody_can_write_to_the_copy(path: Path) -> None:
    copy = frozen(path)
    array = array_of(copy)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 7
    with pytest.raises(TypeError):
        copy[0] = 7
    links = [place for place in Path("/proc/self/fd").iterdir() if place.is_symlink()]
    ours = [place for place in links if "memfd:numbers.npy" in os.fspath(place.readlink())]
    assert len(ours) == 1, "one is enough, that of the map"
    place = os.open(ours[0], os.O_RDWR)
    for change in (lambda: os.write(place, b"x"), lambda: os.ftruncate(place, 5)):
        with pytest.raises(PermissionError) as refused:
            change()
        assert refused.value.errno == errno.EPERM
    os.close(place)


@given(
    array=hnp.arrays(
        st.sampled_from(["<i8", "<i4", "<f4", "<f8", "|S7", "|u1"]),
        hnp.array_shapes(min_dims=1, max_dims=2, min_side=0),
    ),
    fortran=st.booleans(),
)
def test_an_array_is_the_one_that_numpy_would_load(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, fortran: bool
) -> None:
    path = tmp_path_factory.mktemp("frozen") / "a.npy"
    np.save(path, np.asarray(array, order="F" if fortran else "C"))
    mine, numpy_s = array_of(frozen(path)), np.load(path)
    assert (mine.dtype, mine.shape) == (numpy_s.dtype, numpy_s.shape)
    assert mine.flags.f_contiguous == numpy_s.flags.f_contiguous
    assert mine.tobytes() == numpy_s.tobytes()
    assert mine.flags.aligned


@pytest.mark.parametrize(
    "content", [b"x", b"\x93NUMPY\x02\0", b"\x93NUMPY\x01\0\x10\0{", b"\x80\x04K\x07."]
)
def test_what_is_no_array_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        array_of(frozen(path))


def test_nothing_that_runs_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}]), allow_pickle=True)
    path = tmp_path / "a.npy"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match="Python objects"):
        array_of(frozen(path))
    path.write_bytes(b"")
    with pytest.raises(ValueError):
        frozen(path)
