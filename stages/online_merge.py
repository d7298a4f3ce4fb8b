"""The sums of the days whose answers were judged → the report of all: which model does better.

    python stages/online_merge.py --window data/online/window.yaml --days data/online/days \\
        --report metrics/online.json

No day at all is a report of none.
"""

import argparse
import json
from pathlib import Path

from movierec.cli import run
from movierec.dataset.onlinefile import REMEDY, read_online
from movierec.errors import BadInput
from movierec.evaluation.online.daysums import load_sums
from movierec.evaluation.online.merging import merge
from movierec.evaluation.online.outcomes import Online
from movierec.files import write_json
from movierec.params import load_section
from movierec.routing import Routing


def main(arguments: list[str]) -> int:
    """Merge the days of `--window` into `--report`."""
    parser = argparse.ArgumentParser(prog="online_merge", description=__doc__.splitlines()[0])
    parser.add_argument("--window", type=Path, required=True, help="the file that names the days")
    parser.add_argument("--days", type=Path, required=True, help="folder of their sums")
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    options = parser.parse_args(arguments)
    params = load_section(options.params, "online", Online)
    routing = load_section(options.params, "routing", Routing)
    days = [item.day for item in read_online(options.window)]
    refuse_others(options.days, days)
    sums = [load_sums(options.days / day) for day in days]
    report = merge(sums, params, routing)
    write_json(options.report, report)
    verdict = report["experiment"]["verdict"]
    print(json.dumps({"stage": "online_merge", "days": len(days), "verdict": verdict}))
    return 0


def refuse_others(folder: Path, days: list[str]) -> None:
    """Raises BadInput when the folder holds another day: it is a dependency as a whole, and what it
    holds beside the window would make dvc.lock untrue."""
    found = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if others := sorted(found - set(days)):
        raise BadInput(f"{folder} holds {', '.join(others)}, not in the window; {REMEDY}")


if __name__ == "__main__":
    run(main)
