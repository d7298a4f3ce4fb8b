"""Writes every user's list, as the service answers without a history, to one file.

    python -m infra.release lists --model svdpp --output lists.parquet [--k 20]

Parquet or CSV, as the file's name ends. Columns: user, rank (from 1), movie, score and rating (r̂,
on the scale). The lists come from the service's own class, so what is written is what is served, to
who only watched as well. What the model is stands in a Parquet file's metadata. `--ids` takes the
folder of ids that a replay has kept, and writes the ids of the table that was replayed.

Exit status: 0 written; 2 something is to be mended, as the line says.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray
from tqdm import tqdm

from infra.release.options import manual
from infra.simulator.table.ids import read_map
from movierec.cli import run, whole
from movierec.errors import BadInput
from movierec.models.kinds import KINDS
from movierec.models.modelfile import LoadedModel, load_model
from serve.service.reasons import scores_and_ratings
from serve.service.recommender import Answer, K, Recommender

AT_ONCE = 20_000
"""Users a row group: of all that is written, so much is in memory."""
SCORES = ("score", "rating")
"""Columns that say what a list was ranked by, and what the user would give."""
WRITERS: dict[str, Callable[[Path, pa.Schema], Any]] = {
    ".parquet": partial(pq.ParquetWriter, compression="zstd"),
    ".csv": pyarrow.csv.CSVWriter,
}
"""By how the file's name ends."""


def main(arguments: list[str]) -> int:
    """Write the file; prints how many lists it holds."""
    options = parse(arguments)
    model = load_model(options.models / options.model)
    write(options.output, model, options.k, maps_of(options.ids))
    print(f"{len(everybody(model)):,} lists of {options.k} in {options.output}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("lists", __doc__)
    parser.add_argument("--model", choices=list(KINDS), required=True, help="whose lists")
    models = "the folder of both (models)"
    parser.add_argument(
        "--models", type=Path, default=Path("models"), metavar="FOLDER", help=models
    )
    suffixes = " or ".join(WRITERS)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help=suffixes)
    parser.add_argument("--k", type=whole, default=K, metavar="N", help=f"movies a list ({K})")
    parser.add_argument("--ids", type=Path, metavar="FOLDER", help="such as .demo/replay/ids")
    options = parser.parse_args(arguments)
    if options.k < 1:
        raise BadInput("--k must be at least 1")
    if options.output.suffix not in WRITERS:
        expected = " or ".join(WRITERS)
        raise BadInput(f"--output {options.output}: expected a name that ends in {expected}")
    return options


def maps_of(folder: Path | None) -> dict[str, dict[str, str]] | None:
    """The table's id of each of the log's that differs, for users and movies; None without a
    folder. Raises BadInput for a folder that is not there."""
    if folder is None:
        return None
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; where the log could hold all ids there is none")
    return {role: read_map(folder / f"{role}.csv") for role in ("users", "movies")}


def write(
    output: Path, model: LoadedModel, k: int, maps: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Write the lists of all users, beside `output` first: what is there is whole."""
    schema = schema_of(model, k, named=maps is not None)
    output.parent.mkdir(parents=True, exist_ok=True)
    draft = output.with_name(f".{output.name}.{os.getpid()}.draft")
    try:
        with WRITERS[output.suffix](draft, schema) as file:
            for rows in row_groups(model, k, schema, maps):
                file.write_table(rows)
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)


def schema_of(model: LoadedModel, k: int, named: bool) -> pa.Schema:
    """The file's columns, and what made it."""
    user = pa.string() if named else pa.int64()
    columns = [("user", user), ("rank", pa.int32()), ("movie", pa.string())]
    made = {"model": model.model.kind, "data_hash": model.data_hash, "k": str(k)}
    return pa.schema([*columns, *((name, pa.float64()) for name in SCORES)], metadata=made)


def row_groups(
    model: LoadedModel, k: int, schema: pa.Schema, maps: Mapping[str, Mapping[str, str]] | None
) -> Iterator[pa.Table]:
    """The lists in the order of users, AT_ONCE users at a time."""
    recommender, users = Recommender(model, k), everybody(model)
    progress = tqdm(total=len(users), unit=" users", disable=None, leave=False)
    with progress:
        for start in range(0, len(users), AT_ONCE):
            columns: dict[str, list[Any]] = {name: [] for name in schema.names}
            for user in users[start : start + AT_ONCE].tolist():
                given = recommender.answer(user)
                named = user if maps is None else maps["users"].get(str(user), str(user))
                columns["user"] += [named] * len(given.ids)
                columns["rank"] += range(1, len(given.ids) + 1)
                columns["movie"] += given.ids
                for name, values in scores_of(recommender, given).items():
                    columns[name] += values
                progress.update()
            if maps is not None:
                columns["movie"] = [maps["movies"].get(id, id) for id in columns["movie"]]
            yield pa.table(columns, schema=schema)


def everybody(model: LoadedModel) -> NDArray[np.int64]:
    """Ascending ids of who has a row, or only watched."""
    return np.union1d(model.users, model.watchers)


def scores_of(recommender: Recommender, given: Answer) -> dict[str, list[Any]]:
    """The columns SCORES of one list, as long as it is; nothing for what is merely popular."""
    nothing = [None] * len(given.ids)
    said = scores_and_ratings(recommender, given)
    return {name: values or nothing for name, values in zip(SCORES, said, strict=True)}


if __name__ == "__main__":
    run(main)
