"""Brings the closed days of a store that is on S3 here, for the stages: they read local days, as
DVC tracks them.

    python -m infra.release bring --store s3://bucket/prefix     # into data/

Each day comes once, every file by the size and SHA-256 of its manifest, the manifest last: killed
anywhere, what is here is whole days, and the next run finishes. Days that have expired in the store
go here too. Nothing else is brought: no segment, no decision; who reads what is open (`explain`,
`expire`) names the store itself.

Exit status: 0 all is here; 2 a day does not verify, or something else is to be mended, as the line
says.
"""

import argparse
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from infra.release.options import manual
from movierec.cli import run
from movierec.dataset.onlinefile import TOPICS
from movierec.errors import BadInput, CorruptFile
from movierec.store.days import MANIFEST, RESTORE, closed_days, day_name_of, read_manifest
from movierec.store.expired import FOLDER, expired_days
from movierec.store.storage import Storage, at
from movierec.url import TAKES, root_argument

CHUNK = 1 << 20


def main(arguments: list[str]) -> int:
    """Bring what is missing, take away what expired; prints both."""
    options = parse(arguments)
    here, there = at(options.into), at(options.store)
    for topic in TOPICS:
        if here.names(f"{topic}/segments"):
            raise BadInput(
                f"{options.into}/{topic} has segments: a collector's own store, where nothing is "
                "brought to; name another folder by --into"
            )
    for topic in TOPICS:
        for day in expired_days(there, topic):  # verified
            copy(there, here, f"{FOLDER}/{topic}/{day}.json", None)
        theirs, ours = (closed_days(root, topic) for root in (options.store, options.into))
        for day in theirs:
            if day in ours:
                compare(options, topic, day)
            else:
                bring(options, topic, day)
                print(f"brought  {topic}/{day}")
        for day in set(ours) - set(theirs):
            forget(here, day_name_of(topic, day))
            print(f"forgot   {topic}/{day}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("bring", __doc__)
    parser.add_argument("--store", type=root_argument, required=True, metavar="URL", help=TAKES)
    parser.add_argument(
        "--into", type=Path, metavar="FOLDER", default=Path("data"), help="where to (data)"
    )
    return parser.parse_args(arguments)


def compare(options: argparse.Namespace, topic: str, day: str) -> None:
    """Raises CorruptFile when a day that is here is not the store's."""
    ours, theirs = (read_manifest(root, topic, day) for root in (options.into, options.store))
    if ours != theirs:
        raise CorruptFile(
            f"{options.into / day_name_of(topic, day)}: another day than the store has under this "
            "name; look at both, and remove the wrong one"
        )


def bring(options: argparse.Namespace, topic: str, day: str) -> None:
    """Have one day here that is not. Raises CorruptFile."""
    here, there, folder = at(options.into), at(options.store), day_name_of(topic, day)
    manifest = read_manifest(options.store, topic, day)
    died = here.names(folder, settle=True)
    here.remove(*(f"{folder}/{name}" for name in died))
    for name, entry in manifest["files"].items():
        copy(there, here, f"{folder}/{name}", entry)
    copy(there, here, f"{folder}/{MANIFEST}", None)


def copy(there: Storage, here: Storage, name: str, entry: Mapping[str, Any] | None) -> None:
    """Put a file here that must be as `entry` says, unless its name is here already."""

    def write(file: BinaryIO) -> None:
        digest, size = hashlib.sha256(), 0
        with there.open(name) as source:
            while chunk := source.read(CHUNK):
                digest.update(chunk)
                size += file.write(chunk)
        if entry not in (None, {"bytes": size, "sha256": digest.hexdigest()}):
            raise CorruptFile(f"{name}: SHA-256 differs from {MANIFEST}; {RESTORE}")

    if name.rpartition("/")[2] not in here.names(name.rpartition("/")[0]):
        here.put_new(name, write)


def forget(here: Storage, folder: str) -> None:
    """Remove a day, its manifest first."""
    here.remove(f"{folder}/{MANIFEST}")
    here.remove(*(f"{folder}/{name}" for name in here.names(folder)))


if __name__ == "__main__":
    run(main)
