"""Candidates against the incumbent and the baselines → pass, or named reasons.

A candidate that does not pass is a result and not an error: `dvc repro` goes on, and the
release refuses a model whose entry in the report says `"pass": false`.
"""

import argparse
import json
from pathlib import Path

from movierec.cli import run
from movierec.errors import BadInput
from movierec.evaluation.gate import Gate, verdict
from movierec.files import read_json, write_json
from movierec.params import load_section


def main(arguments: list[str]) -> int:
    """Judge every metrics file against its model's entry in `--incumbent`."""
    parser = argparse.ArgumentParser(prog="gate", description=__doc__)
    parser.add_argument("metrics", type=Path, nargs="+", help="<model>.json files")
    parser.add_argument("--incumbent", type=Path, required=True, help="{model: {version, metrics}}")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    limits = load_section(options.params, "gate", Gate)
    incumbents = read_json(options.incumbent, "an empty one is `{}`")
    report = {}
    for path in options.metrics:
        incumbent = incumbents.get(path.stem)
        try:
            reasons = verdict(
                read_json(path, "run `dvc repro`"), incumbent and incumbent["metrics"], limits
            )
        except (KeyError, TypeError, ZeroDivisionError) as error:
            raise BadInput(f"{path} or {options.incumbent}: no usable {error}") from None
        report[path.stem] = {
            "pass": not reasons,
            "reasons": reasons,
            "incumbent": incumbent and incumbent["version"],
        }
    write_json(options.report, report)
    print(json.dumps({"stage": "gate", **report}))
    return 0


if __name__ == "__main__":
    run(main)
