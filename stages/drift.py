"""Does each day of the window look like the days before it? A report; nothing is refused.

What drifts is a result and not an error, as what the gate refuses: training goes on, the report is
handed over to the monitoring, and what the newest day failed stands in one line on stderr.
"""

import argparse
import json
import sys
from pathlib import Path

from movierec.cli import run
from movierec.dataset.drift import Drift, report
from movierec.dataset.past import dailies
from movierec.dataset.scale import Events
from movierec.dataset.window import load_days
from movierec.dataset.windowfile import read_window
from movierec.files import write_json
from movierec.params import load_section


def main(arguments: list[str]) -> int:
    """Compare the days of `--window` and write the report."""
    parser = argparse.ArgumentParser(prog="drift", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--window", type=Path, required=True, help="file that names the days")
    parser.add_argument("--aggregates", type=Path, required=True, help="folder of all days")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    limits = load_section(options.params, "drift", Drift)
    events = load_section(options.params, "events", Events)
    names = read_window(options.window).days
    days = dailies(names, *load_days(options.aggregates, names), events)
    told = report(days, events, limits)
    write_json(options.report, told)
    failed = told["days"][names[-1]]["failed"]
    print(json.dumps({"stage": "drift", "days": len(days), "day": names[-1], "failed": failed}))
    if failed:
        print(f"drift: {names[-1]}: {', '.join(failed)}; see {options.report}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run(main)
