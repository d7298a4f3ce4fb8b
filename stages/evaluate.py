"""A trained model on the validation part: metrics, a report, plots."""

import argparse
import json
from pathlib import Path

from movierec.cli import run
from movierec.dataset.datasetfile import load_dataset
from movierec.errors import BadInput
from movierec.evaluation.offline import evaluate
from movierec.evaluation.validation import Evaluate
from movierec.files import write_csv, write_json
from movierec.models.modelfile import load_model
from movierec.params import load_section


def main(arguments: list[str]) -> int:
    """Judge the model in `--model` on `--dataset`."""
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--dataset", type=Path, required=True, help="dataset folder")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--metrics", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--plots", type=Path, required=True, help="folder for two CSV files")
    options = parser.parse_args(arguments)
    params = load_section(options.params, "evaluate", Evaluate)
    dataset = load_dataset(options.dataset, mmap=True)
    loaded = load_model(options.model)
    if loaded.data_hash != dataset.data_hash:
        raise BadInput(f"{options.model} is not of {options.dataset}; run `dvc repro`")
    result = evaluate(loaded.ranker(), loaded.seen_of, dataset, params)
    write_json(options.metrics, result.metrics)
    write_json(options.report, result.report)
    write_csv(options.plots / "activity.csv", result.activity)
    write_csv(options.plots / "distribution.csv", result.distribution)
    print(json.dumps({"stage": "evaluate", "model": loaded.model.kind, **result.metrics}))
    return 0


if __name__ == "__main__":
    run(main)
