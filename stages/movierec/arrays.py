"""A folder of arrays: one .npy file each, and a manifest that says what they must be.

The format holds data only (no pickle: `allow_pickle` is never on), memory-maps, and
is byte-identical for the same inputs. Datasets (`matrix`) and models (`modelfile`)
are such folders. The manifest is written last, so a folder without one is unfinished, and is
under a checksum of its own.
"""

import shutil
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from movierec.errors import BadInput, CorruptFile
from movierec.frozen import array_of, frozen
from movierec.hashing import sha256_of
from movierec.sealed import seal, unseal

MANIFEST = "manifest.json"
RESTORE = (
    "run `chmod -R u+w .dvc/cache` (DVC then verifies what it keeps) and `dvc pull --force`, or "
    "`dvc repro` where there is no remote"
)
"""What helps when a file that DVC tracks is damaged, also when its cache holds the damaged one:
what is read-only there DVC believes unseen, and gives it out again at `dvc checkout`."""


def write_folder(
    folder: Path, arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]
) -> None:
    """Write `arrays` and a manifest to `folder`, replacing what stood there.

    The manifest gains `files`: name → sha256, dtype and shape. Everything is written
    to a neighbouring temporary folder first and renamed at the end, and the old folder
    is renamed aside before that: a crash leaves the old one (between the two renames under
    the name `.<folder>.old`) or the new one, never half of one.
    """
    draft = folder.with_name(f".{folder.name}.draft")
    aside = folder.with_name(f".{folder.name}.old")
    if aside.exists() and not folder.exists():  # the only whole one: keep it until there is ours
        aside.rename(folder)
    for left in (draft, aside):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir(parents=True)
    files: dict[str, dict[str, Any]] = {}
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects; only plain data can be stored")
        path = draft / f"{name}.npy"
        np.save(path, array, allow_pickle=False)
        files[name] = {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "sha256": sha256_of(path),
        }
    (draft / MANIFEST).write_bytes(seal({**manifest, "files": files}))
    if folder.exists():
        folder.rename(aside)
    draft.rename(folder)
    shutil.rmtree(aside, ignore_errors=True)


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
    freeze: bool = False,
    verify: bool = True,
    unsealed: Set[str] = frozenset(),
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Read the arrays and the manifest of `folder`, checked against each other.

    With `mmap` the arrays are read-only maps of the files, with `freeze` of copies that nothing can
    change after they were verified (`movierec.frozen`). Raises BadInput when there is no such
    folder, CorruptFile when a file is missing, was changed, or has another dtype or shape than its
    manifest says.
    """
    manifest = read_manifest(folder, unsealed)
    arrays: dict[str, NDArray[Any]] = {}
    for name, entry in manifest["files"].items():
        path = folder / f"{name}.npy"
        try:
            content = frozen(path) if freeze else path
            if verify and sha256_of(content) != entry["sha256"]:
                raise CorruptFile(f"{path}: SHA-256 differs from {MANIFEST}; {RESTORE}")
            array = array_of(content, "r" if mmap else None)
        except FileNotFoundError:
            raise CorruptFile(f"{path}: missing, but named in {MANIFEST}; {RESTORE}") from None
        except (ValueError, EOFError, KeyError, TypeError, OSError) as error:
            raise CorruptFile(f"{path}: unreadable ({error}); {RESTORE}") from None
        if array.dtype.str != entry["dtype"] or list(array.shape) != entry["shape"]:
            raise CorruptFile(f"{path}: dtype or shape differs from {MANIFEST}; {RESTORE}")
        arrays[name] = array
    return arrays, manifest
