"""Replays ratings by real people as log lines: a few watches, then the rating.

    python -m infra.simulator.replay --bootstrap A --topic replay --ratings ratings.dat \
        --scale 0 10 --compress-days 3
    python -m infra.simulator.replay --ratings ratings.dat --check

It says first what it recognised in the file, the scale too where none is given; with `--check` that
is all. Ratings keep their order in time, those too that fall into one second. `--compress-days`
puts the whole span of the file, often years, onto so many days; without it times stay as they are.
A tail of lines past the collector's grace lets the last day close. The last line on stdout is a
JSON object of counts and the scale.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.simulator.exact import partition_of
from infra.simulator.log import ROW, LineWriter, Rows
from infra.simulator.rating_scale import check_scale, described_scale, scale_of
from infra.simulator.ratings_file import RatingsFile, described, read_ratings
from infra.simulator.sender import Sender, add_kafka_options, kafka_of
from infra.simulator.span import END, first_day, refuse_beyond
from infra.simulator.table.ids import write_map
from infra.simulator.table.options import add_table_options, wanted_of
from infra.simulator.table.values import NONE
from infra.simulator.topics import create_topic
from movierec.cli import real, run, whole
from movierec.errors import BadInput
from movierec.lines.events import Account, format_event
from movierec.lines.kinds import RATING, WATCH
from movierec.times import DAY_SECONDS, NO_SECONDS, SECOND, day_name

MINUTES = 3
"""Watch lines before each rating, one a minute."""
FIRST_SECOND = 60 * MINUTES
LEAD_SECONDS = 60 * (MINUTES + 1)
MAX_DAYS = 10_000
"""Of `--compress-days`: seconds of the file times seconds of these days fit 64 bits."""
TAIL_SECONDS = 7200
TAIL_LINES = 100
"""More than the lines by which a collector believes that a day is over."""
WHOLE = 0
AT_ONCE = 50_000
"""Ratings whose lines are made at a time."""


def main(arguments: list[str]) -> int:
    """Send the file; prints what it is, and the counts."""
    options = parse(arguments)
    ratings = read_ratings(options.ratings, wanted_of(options))
    print("\n".join(described(ratings)), flush=True)
    scale = options.scale
    if scale is None:
        scale = scale_of(ratings)
        print(described_scale(ratings), flush=True)
    else:
        check_scale(ratings, *scale)
    times = ratings.times
    if options.compress_days:
        times = compressed(times, options.first_day, options.compress_days)
    elif ratings.table.columns.time is None:
        if options.check:
            return 0
        raise BadInput(f"{ratings.table.path}: without times --compress-days must say their days")
    refuse_outside(ratings, times)
    if options.check:
        return 0
    if options.ids is not None:
        keep_maps(options.ids, ratings)
    kafka = kafka_of(options)
    if options.create_partitions:
        create_topic(kafka, options.topic, options.create_partitions)
    with Sender(kafka, options.topic) as sender:
        lines = send(sender, ratings, times)
    rated = int(np.count_nonzero(ratings.hundredths != NONE))
    counts = {"lines": lines, "ratings": rated, "users": len(ratings.user_ids)}
    print(json.dumps(counts | {"scale": list(scale)}))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="replay", description=(__doc__ or "").split("\n")[0])
    add_kafka_options(parser)
    parser.add_argument("--ratings", type=Path, required=True, help="file, or folder that has one")
    parser.add_argument("--check", action="store_true", help="say what the file is, send nothing")
    help = "of the ratings; default: the file's own lowest and highest"
    parser.add_argument("--scale", type=real, nargs=2, metavar=("LOW", "HIGH"), help=help)
    parser.add_argument("--compress-days", type=whole, default=0, help="0: keep the times")
    parser.add_argument(
        "--create-partitions", type=whole, default=0, help="create the topic with so many"
    )
    parser.add_argument("--first-day", type=first_day, default="2026-11-01", help="YYYY-MM-DD")
    parser.add_argument("--ids", type=Path, metavar="FOLDER", help="keep there who is who")
    add_table_options(parser)
    options = parser.parse_args(arguments)
    if options.compress_days < 0 or options.create_partitions < 0:
        raise BadInput("--compress-days and --create-partitions must be 0 or more")
    if options.compress_days > MAX_DAYS:
        raise BadInput(f"--compress-days must be at most {MAX_DAYS}")
    refuse_beyond(options.first_day, options.compress_days)
    return options


def keep_maps(folder: Path, ratings: RatingsFile) -> None:
    """Write which id of the log stands for which of the file, where they differ."""
    for role, mapped in ratings.mapped.items():
        if mapped:
            write_map(folder / f"{role}.csv", mapped)
            print(f"which id is which of the {role}: {folder / role}.csv", flush=True)


def refuse_outside(ratings: RatingsFile, times: NDArray[np.int64]) -> None:
    """Raises BadInput, naming the line, for a rating whose lines the collector would refuse: the
    watches before it, or the lines after the last day, lie outside the log's times."""
    early = times < FIRST_SECOND
    outside = early | (times >= (END - 1) * DAY_SECONDS)
    if outside.any():
        row = int(np.argmax(outside))
        reason = (
            f"the {MINUTES} minutes watched before it lie before 1970"
            if early[row]
            else f"the log's times end with {day_name(END - 1)}"
        )
        ratings.table.refuse(
            row,
            f"time {times[row]} cannot be sent: {reason}; take the line out, or give "
            "--compress-days",
        )


def compressed(times: NDArray[np.int64], first: int, days: int) -> NDArray[np.int64]:
    """The span of `times` put onto whole epoch days from `first`, the order kept."""
    start = int(times.min())
    span = max(1, int(times.max()) - start)
    moved = times - start
    moved *= days * DAY_SECONDS - 2 * LEAD_SECONDS
    moved //= span
    moved += first * DAY_SECONDS + LEAD_SECONDS
    return moved


def send(sender: Sender, ratings: RatingsFile, times: NDArray[np.int64]) -> int:
    """Send watches and ratings in order of `times`; how many lines that were."""
    values = np.unique(ratings.hundredths[ratings.hundredths != NONE])
    writer = LineWriter(ratings.slugs, [f"{value / 100:g}" for value in values])
    partitions = partition_of(ratings.user_ids, sender.partitions)
    lines = TAIL_LINES
    for row, minute, when in in_order(ratings, times):
        rows = _rows(ratings, row, minute, when)
        rated = rows["kind"] == RATING
        rows["number"][rated] = np.searchsorted(values, rows["number"][rated])
        milliseconds = (when * 1000).tolist()
        of_row = partitions[ratings.users[row]].tolist()
        for line, partition, at in zip(writer.lines(rows), of_row, milliseconds, strict=True):
            sender.send(line, partition, at)
        lines += len(rows)
    end = (int(times.max()) // DAY_SECONDS + 1) * DAY_SECONDS + TAIL_SECONDS
    for _ in range(TAIL_LINES):
        sender.send(format_event(Account(end * SECOND, NO_SECONDS, 0)), 0, end * 1000)
    return lines


def in_order(
    ratings: RatingsFile, times: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
    """(row, minute, second) of all lines in their order, some at a time; minute MINUTES is the
    rating, which a row without one does not have.

    What falls into one second keeps the order of the file's own times, and those of equal ones
    that of its lines: of two ratings for a movie the later one has to stay the last.
    """
    order = np.argsort(ratings.times, kind="stable")
    sorted_times = times[order]
    leads = 60 * (MINUTES - np.arange(MINUTES + 1))
    starts = np.zeros(MINUTES + 1, np.int64)
    for at in range(AT_ONCE, len(order) + AT_ONCE, AT_ONCE):
        bound = sorted_times[at] if at < len(order) else sorted_times[-1] + 1
        ends = np.searchsorted(sorted_times, bound + leads)
        place = np.concatenate([np.arange(a, b) for a, b in zip(starts, ends, strict=True)])
        minute = np.repeat(np.arange(MINUTES + 1), ends - starts)
        starts = ends
        row = order[place]
        when = sorted_times[place] - leads[minute]
        chosen = np.lexsort((minute, place, when))
        chosen = chosen[(minute[chosen] < MINUTES) | (ratings.hundredths[row[chosen]] != NONE)]
        if len(chosen):
            yield row[chosen], minute[chosen], when[chosen]


def _rows(
    ratings: RatingsFile,
    row: NDArray[np.int64],
    minute: NDArray[np.int64],
    when: NDArray[np.int64],
) -> Rows:
    """Future lines; the number of a rating is in hundredths."""
    rows = np.zeros(len(row), ROW)
    rated = minute == MINUTES
    rows["kind"] = np.where(rated, RATING, WATCH)
    rows["time"] = when * SECOND
    rows["user"] = ratings.user_ids[ratings.users[row]]
    rows["movie"] = ratings.movies[row]
    rows["number"] = np.where(rated, ratings.hundredths[row], minute)
    rows["digits"] = np.where(when % 60 == 0, NO_SECONDS, WHOLE)
    return rows


if __name__ == "__main__":
    run(main)
