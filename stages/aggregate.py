"""A closed day → one row per (user, movie): minutes watched, last rating; and counts."""

import argparse
import json
from pathlib import Path

from movierec.cli import run
from movierec.dataset.aggregates import aggregate_day, save_aggregate
from movierec.lines.events import parse_time
from movierec.store.days import manifest_of, stream_day


def main(arguments: list[str]) -> int:
    """Aggregate the closed day `--day` into the folder `--output`."""
    parser = argparse.ArgumentParser(prog="aggregate", description=__doc__)
    parser.add_argument("--day", type=Path, required=True, help="folder of a closed day")
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    options = parser.parse_args(arguments)
    day = options.day.name
    start, _ = parse_time(f"{day}T00:00") or (0, 0)
    aggregate, counts = aggregate_day(stream_day(options.day), start)
    totals = manifest_of(options.day)["totals"]
    counts |= {"rejected": totals["rejected"], "reasons": totals["reasons"]}
    save_aggregate(options.output, aggregate, day, counts)
    print(json.dumps({"stage": "aggregate", "day": day, "pairs": len(aggregate.user), **counts}))
    return 0


if __name__ == "__main__":
    run(main)
