"""What a model must beat, on the validation part: biases only, popularity, the global mean."""

import argparse
import json
from pathlib import Path

from movierec.cli import run
from movierec.dataset.datasetfile import load_dataset
from movierec.evaluation.baselines import judge_baselines
from movierec.evaluation.validation import Evaluate
from movierec.files import write_json
from movierec.params import load_section


def main(arguments: list[str]) -> int:
    """Judge the baselines on `--dataset`."""
    parser = argparse.ArgumentParser(prog="baselines", description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    params = load_section(options.params, "evaluate", Evaluate)
    measured = judge_baselines(load_dataset(options.dataset, mmap=True), params)
    write_json(options.report, measured)
    print(json.dumps({"stage": "baselines", **measured}))
    return 0


if __name__ == "__main__":
    run(main)
