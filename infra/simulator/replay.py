"""Replays ratings by real people as log lines: a few watches, then the rating.

    python -m infra.simulator.replay --bootstrap A --topic replay --ratings ratings.dat \
        --scale-min 0 --scale-max 10 --compress-days 3

Ratings keep their order in time, those too that fall into one second. `--compress-days` puts
the whole span of the file, often years, onto so many days; without it times stay as they are. A
tail of lines past the collector's grace lets the last day close. The last line on stdout is a JSON
object of counts.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from infra.simulator.exact import partition_of
from infra.simulator.ratings_file import RatingsFile, check_scale, read_ratings
from infra.simulator.sender import Sender, add_kafka_options, kafka_of
from infra.simulator.span import END, first_day, refuse_beyond
from infra.simulator.topics import create_topic
from movierec.cli import real, run, whole
from movierec.errors import BadInput
from movierec.lines.events import Account, Rating, Watch, format_event
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


def main(arguments: list[str]) -> int:
    """Send the file; prints the counts."""
    options = parse(arguments)
    ratings = read_ratings(options.ratings)
    check_scale(options.ratings, ratings, options.scale_min, options.scale_max)
    times = ratings.times
    if options.compress_days:
        times = compressed(times, options.first_day, options.compress_days)
    refuse_outside(options.ratings, ratings, times)
    kafka = kafka_of(options)
    if options.create_partitions:
        create_topic(kafka, options.topic, options.create_partitions)
    with Sender(kafka, options.topic) as sender:
        lines = send(sender, ratings, times)
    print(json.dumps({"lines": lines, "ratings": len(times), "users": distinct(ratings.users)}))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="replay", description=(__doc__ or "").split("\n")[0])
    add_kafka_options(parser)
    parser.add_argument("--ratings", type=Path, required=True, help="file, or folder that has one")
    parser.add_argument("--scale-min", type=real, default=1.0)
    parser.add_argument("--scale-max", type=real, default=5.0)
    parser.add_argument("--compress-days", type=whole, default=0, help="0: keep the times")
    parser.add_argument(
        "--create-partitions", type=whole, default=0, help="create the topic with so many"
    )
    parser.add_argument("--first-day", type=first_day, default="2026-11-01", help="YYYY-MM-DD")
    options = parser.parse_args(arguments)
    if options.compress_days < 0 or options.create_partitions < 0:
        raise BadInput("--compress-days and --create-partitions must be 0 or more")
    if options.compress_days > MAX_DAYS:
        raise BadInput(f"--compress-days must be at most {MAX_DAYS}")
    refuse_beyond(options.first_day, options.compress_days)
    return options


def refuse_outside(path: Path, ratings: RatingsFile, times: NDArray[np.int64]) -> None:
    """Raises BadInput, naming the line, for a rating whose lines the collector would refuse: the
    watches before it, or the lines after the last day, lie outside the log's times."""
    early = times < FIRST_SECOND
    outside = np.flatnonzero(early | (times >= (END - 1) * DAY_SECONDS))
    if len(outside):
        row = int(outside[0])
        reason = (
            f"the {MINUTES} minutes watched before it lie before 1970"
            if early[row]
            else f"the log's times end with {day_name(END - 1)}"
        )
        raise BadInput(
            f"{path}: line {ratings.line(row)}: time {times[row]} cannot be sent: {reason}; "
            "take the line out, or give --compress-days"
        )


def compressed(times: NDArray[np.int64], first: int, days: int) -> NDArray[np.int64]:
    """The span of `times` put onto whole epoch days from `first`, the order kept."""
    span = max(1, int(times.max() - times.min()))
    room = days * DAY_SECONDS - 2 * LEAD_SECONDS
    moved: NDArray[np.int64] = (
        first * DAY_SECONDS + LEAD_SECONDS + (times - times.min()) * room // span
    )
    return moved


def send(sender: Sender, ratings: RatingsFile, times: NDArray[np.int64]) -> int:
    """Send watches and ratings in order of `times`; how many lines that were.

    What falls into one second keeps the order of the file's own times, and those of equal ones
    that of its lines: of two ratings for a movie the later one has to stay the last.
    """
    count = len(times)
    when = np.concatenate([times - 60 * (MINUTES - m) for m in range(MINUTES)] + [times])
    row = np.tile(np.arange(count), MINUTES + 1)
    minute = np.repeat(np.arange(MINUTES + 1), count)
    order = np.lexsort((minute, row, np.tile(ratings.times, MINUTES + 1), when))
    texts = {value: f"{value:g}" for value in np.unique(ratings.ratings).tolist()}
    partitions = partition_of(ratings.users, sender.partitions).tolist()
    users, movies = ratings.users.tolist(), ratings.movies.tolist()
    values = ratings.ratings.tolist()
    chosen = zip(when[order].tolist(), row[order].tolist(), minute[order].tolist(), strict=True)
    for second, r, m in chosen:
        slug = ratings.slugs[movies[r]]
        head = (second * SECOND, WHOLE if second % 60 else NO_SECONDS, users[r], slug)
        event = Rating(*head, texts[values[r]]) if m == MINUTES else Watch(*head, m)
        sender.send(format_event(event), partitions[r], second * 1000)
    end = (int(when.max()) // DAY_SECONDS + 1) * DAY_SECONDS + TAIL_SECONDS
    for _ in range(TAIL_LINES):
        sender.send(format_event(Account(end * SECOND, NO_SECONDS, 0)), 0, end * 1000)
    return len(when) + TAIL_LINES


def distinct(users: NDArray[np.int64]) -> int:
    """How many different users there are."""
    return len(np.unique(users))


if __name__ == "__main__":
    run(main)
