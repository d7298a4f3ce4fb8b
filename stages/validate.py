"""Is the window good enough to train on? A report of every measure; past a limit, an end."""

import argparse
import json
from pathlib import Path

from movierec.cli import run
from movierec.dataset.quality import Validate, measure
from movierec.dataset.scale import Events
from movierec.dataset.window import load_days
from movierec.dataset.windowfile import read_window
from movierec.errors import LimitExceeded
from movierec.files import write_json
from movierec.params import load_section


def main(arguments: list[str]) -> int:
    """Measure the days of `--window`, write the report, fail when a limit is passed."""
    parser = argparse.ArgumentParser(prog="validate", description=__doc__)
    parser.add_argument("--window", type=Path, required=True, help="file that names the days")
    parser.add_argument("--aggregates", type=Path, required=True, help="folder of all days")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    limits = load_section(options.params, "validate", Validate)
    events = load_section(options.params, "events", Events)
    window = read_window(options.window)
    days, counts = load_days(options.aggregates, window.days)
    measures = measure(window, days, counts, events, limits)
    report = {m.name: {"value": m.value, "limit": m.limit, "passed": m.passed} for m in measures}
    write_json(options.report, {"passed": all(m.passed for m in measures), "measures": report})
    failed = [str(m) for m in measures if not m.passed]
    if failed:
        raise LimitExceeded(
            f"the data of {window.days[0]} … {window.days[-1]} is not fit to train on: "
            f"{'; '.join(failed)}; see {options.report}, limits are `validate` in params.yaml"
        )
    print(json.dumps({"stage": "validate", "days": len(days), "measures": len(measures)}))
    return 0


if __name__ == "__main__":
    run(main)
