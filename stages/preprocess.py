"""The window's aggregates → a CSR dataset with its id vocabulary and validation part."""

import argparse
import json
from pathlib import Path

from movierec.arrays import Draft
from movierec.cli import run
from movierec.dataset.assemble import Preprocess, build
from movierec.dataset.datasetfile import publish_dataset
from movierec.dataset.scale import Events, count_off_scale
from movierec.dataset.shilling import Shilling
from movierec.dataset.window import Window, load_days
from movierec.dataset.windowfile import read_window
from movierec.files import write_json
from movierec.params import load_section
from movierec.threads import threads


def main(arguments: list[str]) -> int:
    """Merge the days of `--window`, split, prune, and write the dataset and a report."""
    parser = argparse.ArgumentParser(prog="preprocess", description=__doc__)
    parser.add_argument("--window", type=Path, required=True, help="file that names the days")
    parser.add_argument("--aggregates", type=Path, required=True, help="folder of all days")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--output", type=Path, required=True, help="dataset folder to write")
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    parser.add_argument(
        "--threads", type=threads, default="0", help="how many at once; 0: one a core"
    )
    options = parser.parse_args(arguments)
    params = load_section(options.params, "preprocess", Preprocess)
    events = load_section(options.params, "events", Events)
    days = read_window(options.window).days
    aggregates, _ = load_days(options.aggregates, days)
    shilling = load_section(options.params, "shilling", Shilling)
    with Draft(options.output) as draft:
        window = Window.of(aggregates)
        dataset, facts = build(draft, window, params, events, shilling, options.threads)
        held_out = facts.pop("held_out")  # of the report: not what it is, but what it lacks
        suspected = facts.pop("shilling")
        facts = {"days": days, "split": params.split, **facts}
        publish_dataset(draft, dataset, facts)
    facts |= {"held_out": held_out, "shilling": suspected}
    facts["off_scale_ratings"] = count_off_scale(aggregates, events)
    write_json(options.report, facts)
    print(json.dumps({"stage": "preprocess", **facts}))
    return 0


if __name__ == "__main__":
    run(main)
