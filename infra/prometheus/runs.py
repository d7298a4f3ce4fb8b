"""Whether a report is of one whole run of the pipeline, by what dvc.lock says of it.

A run that ended early leaves new reports beside old ones, each of them well formed. DVC notes
after each stage the hashes of what it read and wrote: a report is of a whole run when it is what
its stage wrote, and that stage, as all before it, read what others wrote last.
"""

import hashlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from infra.release.package import md5_of_folder
from movierec.errors import BadInput
from movierec.yamlfile import read_yaml

FILE = "dvc.lock"
REMEDY = "run `dvc repro`"


class Runs:
    """What dvc.lock knows."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def _stages(self) -> Mapping[str, Any]:
        stages = read_yaml(self._root / FILE, REMEDY).get("stages")
        if not isinstance(stages, Mapping):
            raise BadInput(f"{FILE}: stages is {stages!r}, expected a mapping")
        return stages

    @cached_property
    def _wrote(self) -> dict[str, tuple[str, str]]:
        """path → (the stage that writes it, its hash then)."""
        return {
            path: (name, told)
            for name, stage in self._stages.items()
            for path, told in _hashes(stage, "outs")
        }

    def check(self, source: str) -> None:
        """Raises BadInput when a file is of half a run, or there is no dvc.lock. What no stage
        writes is of none."""
        if source not in self._wrote:
            return
        stage, told = self._wrote[source]
        found = hashlib.md5((self._root / source).read_bytes(), usedforsecurity=False).hexdigest()
        if found != told:
            raise BadInput(f"{source}: is not what {stage} wrote by {FILE}; {REMEDY}")
        for later, path in self._stale(stage, set()):
            raise BadInput(
                f"{source}: is of half a run, {later} has not run since {path} changed; {REMEDY}"
            )

    def _stale(self, stage: str, seen: set[str]) -> Iterator[tuple[str, str]]:
        """(stage, what it read that was written anew since) of a stage and all before it."""
        if stage in seen:
            return
        seen.add(stage)
        for path, told in _hashes(self._stages[stage], "deps"):
            if path not in self._wrote:
                yield from self._stale_within(stage, path, told, seen)
                continue
            before, wrote = self._wrote[path]
            if wrote != told:
                yield stage, path
            yield from self._stale(before, seen)

    def _stale_within(
        self, stage: str, folder: str, told: str, seen: set[str]
    ) -> Iterator[tuple[str, str]]:
        """As `_stale`, of a folder in which other stages write: it is read as a whole, and of its
        hash dvc.lock knows no parts. Where all of it is there, it must be what was read."""
        parts = [path for path in self._wrote if path.startswith(f"{folder}/")]
        here = self._root / folder
        is_here = bool(parts) and all((self._root / path).exists() for path in parts)
        if is_here and md5_of_folder(here) != told:
            yield stage, folder
        for path in parts:
            yield from self._stale(self._wrote[path][0], seen)


def _hashes(stage: Any, part: str) -> Iterator[tuple[str, str]]:
    """(path, hash) of a stage's `deps` or `outs`. Raises BadInput when the lock is malformed."""
    try:
        yield from ((str(entry["path"]), str(entry["md5"])) for entry in stage.get(part, []))
    except (AttributeError, KeyError, TypeError):
        raise BadInput(f"{FILE}: its {part} are not as DVC writes them; {REMEDY}") from None
