"""Machine code that numba made of the project's files, for a copy that then compiles nothing anew.

Numba keeps the code beside its file, and takes it for that of another where size or time of change
differ. A demo's stages have what stages call; the project itself what it was called with.
"""

import os
import shutil
from filecmp import cmp
from pathlib import Path

HOUSES = ("serve", "stages")
DEMO = ".demo/workspace"


def take(root: Path, copy: Path) -> int:
    """Bring what was compiled of the project in `root`, by its demo or else by itself, to the files
    of `copy` with the same bytes; returns of how many functions that is."""
    return sum(_take(made, copy) for made in (root / DEMO, root))


def _take(root: Path, copy: Path) -> int:
    """The same of the files of `root` alone. Those of `copy` take their time of change as well."""
    taken = 0
    for house in HOUSES:
        for index in sorted((root / house).rglob("__pycache__/*.nbi")):
            source = index.parent.parent / f"{index.name.partition('.')[0]}.py"
            target = copy / source.relative_to(root)
            if not (source.is_file() and target.is_file() and cmp(source, target, shallow=False)):
                continue
            times, folder = source.stat(), target.parent / index.parent.name
            if (folder / index.name).exists() and target.stat().st_mtime_ns == times.st_mtime_ns:
                continue  # it may have more signatures by now
            os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
            folder.mkdir(exist_ok=True)
            for path in [index, *index.parent.glob(f"{index.stem}.*.nbc")]:
                shutil.copy2(path, folder)
            taken += 1
    return taken
