"""Closed days, as readers see them.

    <root>/<topic>/days/<YYYY-MM-DD>/lines.parquet     good lines by partition, offset
                                     rejected.jsonl    refused lines, raw and why
                                     manifest.json     what the day is, and each file's sha256

A day is there when its manifest is: that is put last. A closed day never changes. Its bytes
follow from the log and the manifest's cuts alone. The manifest is under a checksum of its own,
and readers read the very files that they verified.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from movierec.errors import BadInput, CorruptFile
from movierec.lines.events import shows_rating
from movierec.lines.rows import STORED, facts_of_long
from movierec.sealed import unseal_of
from movierec.store.lending import Lent
from movierec.store.storage import Storage, at

DAY_FORMAT = 2
"""1 had no checksum."""
DAY_1 = {"format", "topic", "day", "partitions", "totals", "gaps", "files"}
LINES, REJECTED_LINES, MANIFEST = "lines.parquet", "rejected.jsonl", "manifest.json"
ROWS = 1 << 17
"""Good lines that are streamed together."""
RESTORE = "restore the folder from a backup of the closed days"


def day_name_of(topic: str, day: str) -> str:
    """The folder of a closed day, as the storage names it."""
    return f"{topic}/days/{day}"


def day_folder(root: Path, topic: str, day: str) -> Path:
    """Where a closed day lives."""
    return root / day_name_of(topic, day)


def closed_days(root: Path, topic: str) -> list[str]:
    """The closed days that the store holds, in order: those that have their manifest."""
    storage = at(root)
    names = storage.names(f"{topic}/days")
    days = [name for name in names if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name)]
    return [day for day in days if MANIFEST in storage.names(day_name_of(topic, day))]


def read_manifest(root: Path, topic: str, day: str) -> dict[str, Any]:
    """The manifest of a closed day. Raises BadInput when there is no such day."""
    return manifest_of(day_folder(root, topic, day))


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest in a day's folder. Raises BadInput or CorruptFile."""
    path = folder / MANIFEST
    try:
        with at(folder).open(MANIFEST) as file:
            manifest = unseal_of(file.read(), _place(folder), DAY_FORMAT, DAY_1)
        if set(manifest["files"]) != {LINES, REJECTED_LINES}:
            raise ValueError(f"it names the files {sorted(manifest['files'])}")
    except FileNotFoundError:
        raise BadInput(
            f"{folder}: no closed day there; let the collector close it, or, when it has expired, "
            "take its aggregate by `dvc repro --pull --allow-missing`"
        ) from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise CorruptFile(f"{path}: not this day's manifest ({error}); {RESTORE}") from None
    return manifest


def _place(folder: Path) -> dict[str, str]:
    """Whose manifest must be in a folder: a copy of another day's is refused."""
    whole = folder.absolute()
    topic = {"topic": whole.parts[-3]} if whole.parent.name == "days" else {}
    return {"day": whole.name} | topic


def verify_day(folder: Path) -> dict[str, Any]:
    """The manifest of a day whose files all have the size and sha256 it says.

    Raises BadInput when there is no day, CorruptFile when a file differs.
    """
    with verified(folder) as (manifest, _):
        return manifest


@contextmanager
def verified(folder: Path) -> Iterator[tuple[dict[str, Any], Mapping[str, BufferedIOBase]]]:
    """The manifest of a day and its files, open at their beginnings, each verified: what is
    removed or replaced meanwhile does not matter. Raises as `verify_day`."""
    manifest = manifest_of(folder)
    with ExitStack() as stack:
        files = {}
        for name, entry in manifest["files"].items():
            try:
                files[name] = file = stack.enter_context(at(folder).open(name))
                good = entry_of(file) == entry
            except FileNotFoundError:
                manifest_of(folder)  # raises when the whole day went meanwhile
                raise CorruptFile(
                    f"{folder / name}: missing, but named in {MANIFEST}; {RESTORE}"
                ) from None
            except OSError as error:
                raise CorruptFile(f"{folder / name}: cannot be read ({error}); {RESTORE}") from None
            if not good:
                raise CorruptFile(f"{folder / name}: SHA-256 differs from {MANIFEST}; {RESTORE}")
        yield manifest, files


@contextmanager
def lent_lines(folder: Path) -> Iterator[Lent]:
    """A day's good lines, verified, for a program that opens them by name itself. What it has read
    within the block is what was verified: else CorruptFile is raised at the block's end, in the
    place of what may have ended it. Raises as `verify_day`."""
    manifest_of(folder)  # the answer to a HEAD would not say why
    storage = at(folder)
    lent = storage.lend(LINES)
    verify_day(folder)
    try:
        yield lent
    finally:
        if storage.lend(LINES) != lent:
            raise CorruptFile(
                f"{folder / LINES}: removed or replaced while it was read; see who does that to "
                "closed days, and start again"
            )


def file_entry(storage: Storage, name: str) -> dict[str, Any]:
    """What a manifest says of a file: its size and sha256."""
    with storage.open(name) as file:
        return entry_of(file)


def entry_of(file: BufferedIOBase) -> dict[str, Any]:
    """What a manifest says of an open file, which is at its beginning before and after."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return {"bytes": size, "sha256": digest}


def read_day(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The good lines of a closed day (schema `rows.STORED`, or those `columns` of it).

    Sorted by partition, then offset; verified against the manifest first. 10 million
    lines take about 0.5 GB: name the columns you need.
    """
    with verified(folder) as (_, files):
        table = pq.read_table(
            files[LINES], columns=list(columns) if columns else None, read_dictionary=["movie"]
        )
    schema = pa.schema([STORED.field(name) for name in table.schema.names])
    return table.cast(schema).unify_dictionaries()


def stream_day(folder: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of `read_day`, ROWS at a time: memory does not grow with the day."""
    schema = pa.schema([STORED.field(name) for name in columns or STORED.names])
    with (
        verified(folder) as (_, files),
        # `pre_buffer` would read all row groups at the first one's turn, and keep their bytes.
        pq.ParquetFile(files[LINES], read_dictionary=["movie"], pre_buffer=False) as rows,
    ):
        for batch in rows.iter_batches(ROWS, columns=schema.names, use_threads=False):
            yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


def read_rejected(folder: Path) -> Iterator[dict[str, Any]]:
    """The refused lines of a closed day: partition, offset, timestamp, reason, raw bytes.

    Of a line that was cut `raw` is the head, and `length` and `sha256` are of all of it. Those that
    the manifest calls `unlisted` are only counted.
    """
    with verified(folder) as (_, files):
        for line in files[REJECTED_LINES]:
            entry = json.loads(line)
            yield {**entry, "raw": raw_of(entry)}


def rejected_ratings(folder: Path) -> int:
    """How many refused lines of a closed day were to be ratings. A day of before, which lists
    all of them, has not counted it."""
    counted: int | None = manifest_of(folder)["totals"].get("rejected_ratings")
    if counted is not None:
        return counted
    return sum(shows_rating(entry["raw"]) for entry in read_rejected(folder))


def rejected_entry(row: dict[str, Any]) -> dict[str, Any]:
    """A refused line as a person reads it; `raw_of` gives the bytes back."""
    raw = row["raw"]
    entry = {key: row[key] for key in ("partition", "offset", "timestamp", "reason")}
    entry |= facts_of_long(row["text"])
    try:
        return {**entry, "raw": None if raw is None else raw.decode()}
    except UnicodeDecodeError:
        return {**entry, "raw_base64": base64.b64encode(raw).decode()}


def raw_of(entry: dict[str, Any]) -> bytes | None:
    """The bytes of a refused line, as the log held them; None for a record without value."""
    if "raw_base64" in entry:
        return base64.b64decode(entry["raw_base64"])
    text: str | None = entry["raw"]
    return None if text is None else text.encode()
