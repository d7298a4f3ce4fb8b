"""A closed day → one row per (user, movie): minutes watched, last rating; and counts."""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

from movierec.cli import run
from movierec.dataset.buckets import Aggregating, Output, output_of
from movierec.errors import BadInput
from movierec.params import load_section
from movierec.store.days import lent_lines, manifest_of, rejected_ratings, stream_day
from movierec.threads import threads
from movierec.times import Nanoseconds, day_number, day_start
from movierec.url import root_argument


def main(arguments: list[str]) -> int:
    """Aggregate the closed day `--day` into the folder `--output`."""
    parser = argparse.ArgumentParser(prog="aggregate", description=__doc__)
    parser.add_argument(
        "--day", type=root_argument, required=True, help="folder of a closed day, here or on S3"
    )
    parser.add_argument("--output", type=Path, required=True, help="folder to write")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument(
        "--submitted", action="store_true", help="run by `spark-submit`, whose settings count"
    )
    parser.add_argument(
        "--threads", type=threads, default="0", help="how many at once; 0: one a core"
    )
    options = parser.parse_args(arguments)
    day = options.day.name
    try:
        start = day_start(day_number(day))
    except ValueError:
        raise BadInput(f"{options.day}: a closed day's folder is named YYYY-MM-DD") from None
    params = load_section(options.params, "aggregate", Aggregating)
    if options.submitted and params.engine != "spark":
        raise BadInput("--submitted: but aggregate.engine is local; set it to spark")
    with output_of(options.output, day, params.buckets) as output:
        if params.engine == "spark":
            counts = by_spark(options.day, start, output, options.submitted)
        else:
            counts = here(options.day, start, output, options.threads)
        totals = manifest_of(options.day)["totals"]
        counts |= {
            "rejected": totals["rejected"],
            "reasons": totals["reasons"],
            "rejected_ratings": rejected_ratings(options.day),
        }
        pairs = output.done(counts)
    print(json.dumps({"stage": "aggregate", "day": day, "pairs": pairs, **counts}))
    return 0


def here(folder: Path, start: Nanoseconds, output: Output, threads: int) -> dict[str, Any]:
    """What this process counts, and puts into `output`."""
    from movierec.dataset.reduce import reduce_day  # Spark's image holds no Numba

    read = partial(stream_day, folder)
    return reduce_day(read, start, output.put, output.buckets, threads=threads)


def by_spark(folder: Path, start: Nanoseconds, output: Output, submitted: bool) -> dict[str, Any]:
    """What Spark counts, and puts into `output`. Raises BadInput where there is no Spark."""
    try:
        from movierec.dataset.spark.engine import spark_day
        from movierec.dataset.spark.reading import reading
        from movierec.dataset.spark.session import session
    except ModuleNotFoundError as error:
        raise BadInput(
            f"aggregate.engine: spark needs what infra/spark/requirements.txt names ({error}); "
            "install it, or set it to local"
        ) from None
    with (
        lent_lines(folder) as lent,
        session(submitted, lent.authority) as spark,
        reading(spark, lent.url, lent.options) as lines,
    ):
        return spark_day(lines, start, output)


if __name__ == "__main__":
    run(main)
