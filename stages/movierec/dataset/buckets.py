"""How a day's aggregate is written: as one, or in buckets of its users, each put by itself.

With buckets nobody holds a day: each has the users whose hash is its number modulo their count.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from movierec.arrays import MANIFEST, Draft, read_manifest
from movierec.dataset.aggregates import FORMAT_OF_BUCKETS, Aggregate, save_aggregate
from movierec.errors import BadParams
from movierec.fields import choice, number
from movierec.hashing import sha256_of
from movierec.sealed import seal

MOST_BUCKETS = 64


@dataclass(frozen=True)
class Aggregating:
    """The section `aggregate`."""

    engine: str = choice("local", "spark")
    buckets: int = number(low=1, high=MOST_BUCKETS)

    def __post_init__(self) -> None:
        if self.buckets & (self.buckets - 1):
            raise BadParams(f"aggregate: buckets must be a power of two, got {self.buckets}")


class Output(Protocol):
    """Where a day's aggregate goes."""

    @property
    def buckets(self) -> int:
        """How many there are."""
        ...

    def put(self, bucket: int, aggregate: Aggregate) -> None:
        """Keep a bucket's aggregate, in the place of what was put before."""
        ...

    def done(self, counts: Mapping[str, Any]) -> int:
        """Every bucket was put: write the counts, and what is not yet. How many pairs there are."""
        ...


@contextmanager
def output_of(folder: Path, day: str, buckets: int) -> Iterator[Output]:
    """What takes the aggregate of a day: `folder` is there after the block, or as it was."""
    if buckets == 1:
        yield Whole(folder, day)
    else:
        with Draft(folder) as draft:
            yield Buckets(draft.path, day, buckets)
            draft.replace()


@dataclass
class Whole:
    """A day of one bucket, which is held until it is counted."""

    folder: Path
    day: str
    buckets: int = 1
    held: Aggregate | None = None

    def put(self, bucket: int, aggregate: Aggregate) -> None:
        """Hold it."""
        self.held = aggregate

    def done(self, counts: Mapping[str, Any]) -> int:
        """Write it."""
        assert self.held is not None
        save_aggregate(self.folder, self.held, self.day, counts)
        return len(self.held.user)


@dataclass(frozen=True)
class Buckets:
    """A day's folder in the making; who puts into it may be on another machine that shares it."""

    folder: Path
    day: str
    buckets: int

    def put(self, bucket: int, aggregate: Aggregate) -> None:
        """Write it."""
        save_aggregate(self.folder / _name(bucket), aggregate, self.day, {})

    def attempt(self, number: int) -> "Buckets":
        """A place for one who may fail, or be overtaken by another one at the same bucket."""
        return replace(self, folder=self.folder / f"attempt-{number}")

    def take(self, bucket: int, number: int) -> None:
        """The bucket of that attempt is the one."""
        self.attempt(number).folder.joinpath(_name(bucket)).rename(self.folder / _name(bucket))

    def done(self, counts: Mapping[str, Any]) -> int:
        """Name the buckets' manifests in one of the day, and forget attempts."""
        for left in self.folder.glob("attempt-*"):
            shutil.rmtree(left)
        names = [_name(bucket) for bucket in range(self.buckets)]
        manifest = {"format": FORMAT_OF_BUCKETS, "day": self.day, "counts": dict(counts)}
        manifest["files"] = {
            name: {"sha256": sha256_of(self.folder / name / MANIFEST)} for name in names
        }
        (self.folder / MANIFEST).write_bytes(seal(manifest))
        shapes = [read_manifest(self.folder / name)["files"]["user"]["shape"] for name in names]
        return sum(pairs for (pairs,) in shapes)


def _name(bucket: int) -> str:
    return f"{bucket:02d}"
