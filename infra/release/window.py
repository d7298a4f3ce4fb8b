"""Names the closed days that the next training uses: writes `data/window.yaml`.

    python -m infra.release window --days 2026-11-01 2026-11-02   # these days
    python -m infra.release window --last 14                      # the newest closed days

Aggregates of days that left the window are removed from `data/aggregates`: that folder is a
dependency as a whole. They stay in DVC's cache and on its remote.

Exit status: 0 written; 2 a day is not closed, or something else is to be mended, as the line says.
"""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from movierec.cli import run, whole
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.errors import BadInput
from movierec.store.days import closed_days
from movierec.times import day_argument


def main(arguments: list[str]) -> int:
    """Write the window; prints its days."""
    options = parse(arguments)
    closed = closed_days(options.store, options.topic)
    days = sorted(set(options.days)) if options.days else closed[-options.last :]
    if not days:
        raise BadInput(f"{options.store}/{options.topic} has no closed day yet: let one pass")
    for day in days:
        known = options.store / "aggregates" / day
        if day not in closed and not known.is_dir():
            raise BadInput(f"{day} is no closed day of {options.store}/{options.topic}")
    write_window(options.store / "window.yaml", WindowFile(days, options.written))
    forget_others(options.store / "aggregates", days)
    print(f"window: {', '.join(days)}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="window",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--days", nargs="+", type=day_argument, help="YYYY-MM-DD …")
    newest = "as many of the newest closed days"
    which.add_argument("--last", type=whole, metavar="N", help=newest)
    collected = "the collector's (data)"
    parser.add_argument(
        "--store", type=Path, metavar="FOLDER", default=Path("data"), help=collected
    )
    parser.add_argument("--topic", default="movielog", help="whose days (movielog)")
    parser.add_argument(
        "--written",
        type=day_argument,
        metavar="DAY",
        default=f"{datetime.now(UTC):%Y-%m-%d}",
        help="the date to write down (today)",
    )
    options = parser.parse_args(arguments)
    if options.last is not None and options.last < 1:
        raise BadInput("--last must be at least 1")
    return options


def forget_others(aggregates: Path, days: list[str]) -> None:
    """Remove the aggregates of days outside the window."""
    for folder in sorted(aggregates.iterdir()) if aggregates.is_dir() else []:
        if folder.is_dir() and folder.name not in days:
            shutil.rmtree(folder)


if __name__ == "__main__":
    run(main)
