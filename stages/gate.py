"""Candidates against the incumbent and the baselines → pass, or named reasons.

A candidate that does not pass is a result and not an error: `dvc repro` goes on, and the
release refuses a model whose entry in the report says `"pass": false`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from movierec.cli import run
from movierec.errors import BadInput
from movierec.evaluation.gate import verdict
from movierec.files import write_json
from movierec.params import load_params


def main(arguments: list[str]) -> int:
    """Judge every metrics file against its model's entry in `--incumbent`."""
    parser = argparse.ArgumentParser(prog="gate", description=__doc__)
    parser.add_argument("metrics", type=Path, nargs="+", help="<model>.json files")
    parser.add_argument("--incumbent", type=Path, required=True, help="{model: {version, metrics}}")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    limits = load_params(options.params).gate
    incumbents = read_json(options.incumbent)
    report = {}
    for path in options.metrics:
        incumbent = incumbents.get(path.stem)
        try:
            reasons = verdict(read_json(path), incumbent and incumbent["metrics"], limits)
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


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises BadInput when there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"{path}: no such file; run `dvc repro`") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not JSON ({error})") from None
    if not isinstance(document, dict):
        raise BadInput(f"{path}: expected a JSON object")
    return document


if __name__ == "__main__":
    run(main)
