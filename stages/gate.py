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
from movierec.evaluation.gate import Gate, Judged, verdict
from movierec.files import read_json, write_json
from movierec.params import load_section

REMEDY = "run `dvc repro`"


def main(arguments: list[str]) -> int:
    """Judge every metrics file against its model's entry in `--incumbent`."""
    parser = argparse.ArgumentParser(prog="gate", description=__doc__)
    parser.add_argument("metrics", type=Path, nargs="+", help="<model>.json files")
    parser.add_argument("--baselines", type=Path, required=True, help="what `baselines` wrote")
    parser.add_argument(
        "--incumbent", type=Path, required=True, help="{model: {version, metrics, baselines}}"
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    options = parser.parse_args(arguments)
    limits = load_section(options.params, "gate", Gate)
    baselines = read_json(options.baselines, REMEDY)
    incumbents = read_json(options.incumbent, "an empty one is `{}`")
    report = {}
    for path in options.metrics:
        candidate = Judged.of(read_json(path, REMEDY), baselines, str(path))
        version, incumbent = read_incumbent(incumbents, path.stem, str(options.incumbent))
        reasons = verdict(candidate, incumbent, limits)
        report[path.stem] = {"pass": not reasons, "reasons": reasons, "incumbent": version}
    write_json(options.report, report)
    print(json.dumps({"stage": "gate", **report}))
    return 0


def read_incumbent(
    incumbents: dict[str, Any], model: str, file: str
) -> tuple[str | None, Judged | None]:
    """The version of `model` that is in production and how it was judged; None when there is none.

    An entry holds `version`, and `metrics` and `baselines` as they were when it was released.
    """
    if model not in incumbents:
        return None, None
    entry, name = incumbents[model], f"{file}: {model}"
    try:
        version, metrics, baselines = (entry[key] for key in ("version", "metrics", "baselines"))
        return str(version), Judged.of(metrics, baselines, name)
    except (KeyError, TypeError, AttributeError):
        raise BadInput(f"{name}: expected version, metrics and baselines, got {entry!r}") from None


if __name__ == "__main__":
    run(main)
