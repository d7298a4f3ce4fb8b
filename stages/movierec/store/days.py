"""Closed days, as readers see them.

    <root>/<topic>/days/<YYYY-MM-DD>/lines.parquet     good lines by partition, offset
                                     rejected.jsonl    refused lines, raw and why
                                     manifest.json     what the day is, and each file's sha256

A day is there when its manifest is: that is put last. A closed day never changes. Its bytes
follow from the log and the manifest's cuts alone.
"""

import base64
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from movierec.errors import BadInput, CorruptFile
from movierec.lines.rows import STORED, facts_of_long
from movierec.store.storage import Storage, at

DAY_FORMAT = 1
LINES, REJECTED_LINES, MANIFEST = "lines.parquet", "rejected.jsonl", "manifest.json"


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
            manifest: dict[str, Any] = json.loads(file.read())
        if manifest["format"] != DAY_FORMAT or set(manifest["files"]) != {LINES, REJECTED_LINES}:
            raise ValueError(f"format {manifest['format']}, this code reads {DAY_FORMAT}")
    except FileNotFoundError:
        raise BadInput(
            f"{folder}: no closed day there; run the collector, or `dvc pull` its aggregate"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptFile(f"{path}: not a day's manifest ({error}); restore the folder") from None
    return manifest


def verify_day(folder: Path) -> dict[str, Any]:
    """The manifest of a day whose files all have the size and sha256 it says.

    Raises BadInput when there is no day, CorruptFile when a file differs.
    """
    manifest = manifest_of(folder)
    for name, entry in manifest["files"].items():
        path = folder / name
        try:
            good = file_entry(at(folder), name) == entry
        except FileNotFoundError:
            raise CorruptFile(f"{path}: missing, but named in {MANIFEST}") from None
        if not good:
            raise CorruptFile(f"{path}: SHA-256 differs from {MANIFEST}; restore the folder")
    return manifest


def file_entry(storage: Storage, name: str) -> dict[str, Any]:
    """What a manifest says of a file: its size and sha256."""
    with storage.open(name) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.seek(0, os.SEEK_END), "sha256": digest}


def read_day(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The good lines of a closed day (schema `rows.STORED`, or those `columns` of it).

    Sorted by partition, then offset; verified against the manifest first. 10 million
    lines take about 0.5 GB: name the columns you need.
    """
    verify_day(folder)
    with at(folder).open(LINES) as file:
        table = pq.read_table(
            file, columns=list(columns) if columns else None, read_dictionary=["movie"]
        )
    schema = pa.schema([STORED.field(name) for name in table.schema.names])
    return table.cast(schema).unify_dictionaries()


def stream_day(folder: Path) -> Iterator[pa.RecordBatch]:
    """The rows of `read_day`, some 100,000 at a time: memory does not grow with the day."""
    verify_day(folder)
    with (
        at(folder).open(LINES) as file,
        pq.ParquetFile(file, read_dictionary=["movie"]) as rows,
    ):
        for batch in rows.iter_batches(batch_size=1 << 17, use_threads=False):
            yield from pa.Table.from_batches([batch]).cast(STORED).to_batches()


def read_rejected(folder: Path) -> Iterator[dict[str, Any]]:
    """The refused lines of a closed day: partition, offset, timestamp, reason, raw bytes.

    Of a line that was too long `raw` is the head, and `length` and `sha256` are of all of it.
    """
    verify_day(folder)
    with at(folder).open(REJECTED_LINES) as file:
        for line in file:
            entry = json.loads(line)
            yield {**entry, "raw": raw_of(entry)}


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
