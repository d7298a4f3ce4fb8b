"""A closed day → one row per (user, movie): minutes watched, last rating; and counts."""

import argparse
import json
from functools import partial
from pathlib import Path

from movierec.cli import run
from movierec.dataset.aggregates import save_aggregate
from movierec.dataset.reduce import aggregate_day
from movierec.errors import BadInput
from movierec.store.days import manifest_of, rejected_ratings, stream_day
from movierec.times import day_number, day_start


def main(arguments: list[str]) -> int:
    """Aggregate the closed day `--day` into the folder `--output`."""
    parser = argparse.ArgumentParser(prog="aggregate", description=__doc__)
    parser.add_argument("--day", type=Path, required=True, help="folder of a closed day")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    options = parser.parse_args(arguments)
    day = options.day.name
    try:
        start = day_start(day_number(day))
    except ValueError:
        raise BadInput(f"{options.day}: a closed day's folder is named YYYY-MM-DD") from None
    aggregate, counts = aggregate_day(partial(stream_day, options.day), start)
    totals = manifest_of(options.day)["totals"]
    counts |= {
        "rejected": totals["rejected"],
        "reasons": totals["reasons"],
        "rejected_ratings": rejected_ratings(options.day),
    }
    save_aggregate(options.output, aggregate, day, counts)
    print(json.dumps({"stage": "aggregate", "day": day, "pairs": len(aggregate.user), **counts}))
    return 0


if __name__ == "__main__":
    run(main)
