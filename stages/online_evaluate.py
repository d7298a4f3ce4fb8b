"""A day's served answers and what users did afterwards → their sums, and a report of the day.

    python stages/online_evaluate.py --movielog data/movielog/days/2026-11-02 \\
        --served data/served/days/2026-11-02 --movielog-before data/movielog/days/2026-11-01 \\
        --served-before data/served/days/2026-11-01 \\
        --output data/online/days/2026-11-02 --report metrics/online/2026-11-02.json

Of the day before is read what was going on at midnight, and the answers whose time ended on this
day; the folder of the day itself says that there is none.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from movierec.cli import run
from movierec.dataset.scale import Events
from movierec.errors import BadInput
from movierec.evaluation.online.dayreport import report_of
from movierec.evaluation.online.daysums import Lines, save_sums, sums_of
from movierec.evaluation.online.outcomes import Online
from movierec.files import write_json
from movierec.params import load_section
from movierec.store.days import stream_day
from movierec.times import day_argument


def main(arguments: list[str]) -> int:
    """Evaluate a day; writes its sums and its report."""
    options = parse(arguments)
    params = load_section(options.params, "online", Online)
    events = load_section(options.params, "events", Events)
    lines = Lines(
        stream_day(options.served),
        stream_day(options.movielog),
        before(options.served_before, options.served),
        before(options.movielog_before, options.movielog),
    )
    sums = sums_of(options.served.name, lines, params, events)
    save_sums(options.output, sums)
    write_json(options.report, report_of(sums, params))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="online_evaluate", description=__doc__.splitlines()[0])
    day, eve = "a closed day's folder", "that of the day before; the same one where there is none"
    parser.add_argument("--movielog", type=Path, required=True, help=day)
    parser.add_argument("--movielog-before", type=Path, required=True, help=eve)
    parser.add_argument("--served", type=Path, required=True, help=day)
    parser.add_argument("--served-before", type=Path, required=True, help=eve)
    parser.add_argument("--output", type=Path, required=True, help="folder to write sums to")
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    options = parser.parse_args(arguments)
    if options.movielog.name != options.served.name:
        raise BadInput(f"{options.movielog} and {options.served} are two days")
    day_argument(options.served.name)
    return options


def before(folder: Path, day: Path) -> Iterator[pa.RecordBatch] | None:
    """The rows of the day before, where it is another one than the day."""
    return None if folder == day else stream_day(folder)


if __name__ == "__main__":
    run(main)
