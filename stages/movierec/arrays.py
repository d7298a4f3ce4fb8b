"""A folder of arrays: one .npy file each, and a manifest that says what they must be.

The format holds data only (no pickle: `allow_pickle` is never on), memory-maps, and
is byte-identical for the same inputs. Datasets (`matrix`) and models (`modelfile`)
are such folders. The manifest is written last, so a folder without one is unfinished, and is
under a checksum of its own.
"""

import shutil
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray

from movierec.errors import BadInput, CorruptFile
from movierec.frozen import array_of, frozen
from movierec.hashing import sha256_of
from movierec.scratch import Growing, Scratch
from movierec.sealed import seal, unseal

MANIFEST = "manifest.json"
RESTORE = (
    "run `chmod -R u+w .dvc/cache` (DVC then verifies what it keeps) and `dvc pull --force`, or "
    "`dvc repro` where there is no remote"
)
"""What helps when a file that DVC tracks is damaged, also when its cache holds the damaged one:
what is read-only there DVC believes unseen, and gives it out again at `dvc checkout`."""


class Column(Growing):
    """An array of one dimension in a file, as `np.save` writes it."""

    def __init__(self, path: Path, dtype: DTypeLike) -> None:
        super().__init__(path.open("wb"), dtype)
        self.path = path
        self._head()

    def close(self) -> None:
        """Write how many there are: from now on it is what `np.save` makes of them."""
        if self.file.closed:
            return
        self.file.seek(0)
        self._head()
        self.file.close()

    def _head(self) -> None:
        # As long for any length: NumPy leaves room for it to grow.
        head = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.length,)}
        npy.write_array_header_1_0(self.file, head)


class Draft:
    """A folder of arrays in the making, beside the one that it is to replace. Left with an error
    it goes."""

    def __init__(self, folder: Path) -> None:
        """Begin anew: what a crash has left of another draft goes."""
        self.folder = folder
        self.path = folder.with_name(f".{folder.name}.draft")
        self.aside = folder.with_name(f".{folder.name}.old")
        self.columns: dict[str, Column] = {}
        self.scratches: list[Scratch] = []
        if self.aside.exists() and not folder.exists():  # the only whole one: keep it until ours is
            self.aside.rename(folder)
        for left in (self.path, self.aside):
            shutil.rmtree(left, ignore_errors=True)
        self.path.mkdir(parents=True)

    def __enter__(self) -> "Draft":
        return self

    def __exit__(self, *_: object) -> None:
        for column in self.columns.values():
            column.close()
        for scratch in self.scratches:
            scratch.close()
        shutil.rmtree(self.path, ignore_errors=True)

    def column(self, name: str, dtype: DTypeLike) -> Column:
        """An array that is written as its values come."""
        column = self.columns[name] = Column(self.path / f"{name}.npy", dtype)
        return column

    def scratch(self, dtype: DTypeLike) -> Scratch:
        """A column that is no part of the folder."""
        self.scratches.append(Scratch(self.path, dtype))
        return self.scratches[-1]

    def read(self, name: str) -> NDArray[Any]:
        """A map of a column, which ends with that."""
        column = self.columns[name]
        column.close()
        return array_of(column.path, "r")

    def publish(self, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]) -> None:
        """Write `arrays` but for those that are columns, and the manifest, and become the folder.

        The manifest gains `files`: name → sha256, dtype and shape.
        """
        files = {}
        for name in sorted({*arrays, *self.columns}):
            path = self.path / f"{name}.npy"
            if name in self.columns:
                column = self.columns[name]
                column.close()
                dtype, shape = column.dtype, (column.length,)
            else:
                dtype, shape = arrays[name].dtype, arrays[name].shape
                if dtype.hasobject:
                    raise TypeError(f"array {name!r} holds Python objects; only data can be stored")
                np.save(path, np.ascontiguousarray(arrays[name]), allow_pickle=False)
            files[name] = {"dtype": dtype.str, "shape": list(shape), "sha256": sha256_of(path)}
        (self.path / MANIFEST).write_bytes(seal({**manifest, "files": files}))
        self.replace()

    def replace(self) -> None:
        """Become the folder, whole as it is now."""
        if self.folder.exists():
            self.folder.rename(self.aside)
        self.path.rename(self.folder)
        shutil.rmtree(self.aside, ignore_errors=True)


def write_folder(
    folder: Path, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]
) -> None:
    """Write `arrays` and a manifest to `folder`, replacing what stood there.

    Everything is written to a neighbouring temporary folder first and renamed at the end, and the
    old folder is renamed aside before that: a crash leaves the old one (between the two renames
    under the name `.<folder>.old`) or the new one, never half of one.
    """
    with Draft(folder) as draft:
        draft.publish(arrays, manifest)


def read_manifest(folder: Path, unsealed: Set[str] = frozenset()) -> dict[str, Any]:
    """The manifest of `folder`, verified; `unsealed` are the keys of one from before manifests
    had a checksum. Raises BadInput when there is none, CorruptFile when it is not whole."""
    path = folder / MANIFEST
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; run `dvc repro` or `dvc pull --force`")
    try:
        document, _ = unseal(path.read_bytes(), unsealed)
        if not isinstance(document.get("files"), dict):
            raise ValueError("no `files` table")
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; run `dvc repro` or `dvc pull --force`") from None
    except (ValueError, OSError) as error:
        raise CorruptFile(f"{path}: damaged, or of an older format ({error}); {RESTORE}") from None
    return document


def read_folder(
    folder: Path,
    *,
    mmap: bool = False,
    own: bool = False,
    freeze: bool = False,
    verify: bool = True,
    unsealed: Set[str] = frozenset(),
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the arrays and the manifest of `folder`, checked against each other.

    With `mmap` the arrays are read-only maps of the files, with `own` too maps whose changes stay
    the process's own, with `freeze` maps of copies that nothing can change after they were verified
    (`movierec.frozen`). Raises BadInput when there is no such
    folder, CorruptFile when a file is missing, was changed, or has another dtype or shape than its
    manifest says.
    """
    manifest = read_manifest(folder, unsealed)
    arrays: dict[str, NDArray[Any]] = {}
    mode: Literal["r", "c"] | None = ("c" if own else "r") if mmap else None
    for name, entry in manifest["files"].items():
        path = folder / f"{name}.npy"
        try:
            content = frozen(path) if freeze else path
            if verify and sha256_of(content) != entry["sha256"]:
                raise CorruptFile(f"{path}: SHA-256 differs from {MANIFEST}; {RESTORE}")
            array = array_of(content, mode)
        except FileNotFoundError:
            raise CorruptFile(f"{path}: missing, but named in {MANIFEST}; {RESTORE}") from None
        except (ValueError, EOFError, KeyError, TypeError, OSError) as error:
            raise CorruptFile(f"{path}: unreadable ({error}); {RESTORE}") from None
        if array.dtype.str != entry["dtype"] or list(array.shape) != entry["shape"]:
            raise CorruptFile(f"{path}: dtype or shape differs from {MANIFEST}; {RESTORE}")
        arrays[name] = array
    return arrays, manifest
