"""Closed days, as readers see them.

    <root>/<topic>/days/<YYYY-MM-DD>/lines.parquet     good lines by partition, offset
                                     rejected.jsonl    refused lines, raw and why
                                     manifest.json     what the day is, and each file's sha256

A closed day never changes. Its bytes follow from the log and the manifest's cuts alone.
"""

import base64
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from movierec.errors import BadInput, CorruptFile
from movierec.hashing import sha256_of
from movierec.lines.rows import STORED

DAY_FORMAT = 1
LINES, REJECTED_LINES, MANIFEST = "lines.parquet", "rejected.jsonl", "manifest.json"


def day_folder(root: Path, topic: str, day: str) -> Path:
    """Where a closed day lives."""
    return root / topic / "days" / day


def closed_days(root: Path, topic: str) -> list[str]:
    """The closed days that are on this disk, in order."""
    folder = root / topic / "days"
    if not folder.is_dir():
        return []
    names = (path.name for path in folder.iterdir())
    return sorted(name for name in names if re.fullmatch(r"\d{4}-\d{2}-\d{2}", name))


def read_manifest(root: Path, topic: str, day: str) -> dict[str, Any]:
    """The manifest of a closed day. Raises BadInput when there is no such day."""
    return manifest_of(day_folder(root, topic, day))


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest in a day's folder. Raises BadInput or CorruptFile."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
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
            good = path.stat().st_size == entry["bytes"] and sha256_of(path) == entry["sha256"]
        except FileNotFoundError:
            raise CorruptFile(f"{path}: missing, but named in {MANIFEST}") from None
        if not good:
            raise CorruptFile(f"{path}: SHA-256 differs from {MANIFEST}; restore the folder")
    return manifest


def read_day(folder: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """The good lines of a closed day (schema `rows.STORED`, or those `columns` of it).

    Sorted by partition, then offset; verified against the manifest first. 10 million
    lines take about 0.5 GB: name the columns you need.
    """
    verify_day(folder)
    table = pq.read_table(
        folder / LINES, columns=list(columns) if columns else None, read_dictionary=["movie"]
    )
    schema = pa.schema([STORED.field(name) for name in table.schema.names])
    return table.cast(schema).unify_dictionaries()


def stream_day(folder: Path) -> Iterator[pa.RecordBatch]:
    """The rows of `read_day`, some 100,000 at a time: memory does not grow with the day."""
    verify_day(folder)
    with pq.ParquetFile(folder / LINES, read_dictionary=["movie"]) as file:
        for batch in file.iter_batches(batch_size=1 << 17, use_threads=False):
            yield from pa.Table.from_batches([batch]).cast(STORED).to_batches()


def read_rejected(folder: Path) -> Iterator[dict[str, Any]]:
    """The refused lines of a closed day: partition, offset, timestamp, reason, raw bytes."""
    verify_day(folder)
    with (folder / REJECTED_LINES).open(encoding="ascii") as file:
        for line in file:
            entry = json.loads(line)
            yield {**entry, "raw": raw_of(entry)}


def rejected_entry(row: dict[str, Any]) -> dict[str, Any]:
    """A refused line as a person reads it; `raw_of` gives the bytes back."""
    raw = row["raw"]
    entry = {key: row[key] for key in ("partition", "offset", "timestamp", "reason")}
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
