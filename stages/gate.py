"""Candidates against the incumbent and the baselines → pass, or named reasons.

A candidate that does not pass is a result and not an error: `dvc repro` goes on, and the
release refuses a model whose entry in the report says `"pass": false`. Why stands in the report
and, in one line, on stderr.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from movierec.cli import run
from movierec.errors import BadInput
from movierec.evaluation.gate import Evidence, Gate, Judged, Recall, shortcomings, verdict
from movierec.files import read_json, write_json
from movierec.params import load_section

REMEDY = "run `dvc repro`"


def main(arguments: list[str]) -> int:
    """Judge every metrics file against its model's entry in `--incumbent`."""
    options = parse(arguments)
    limits = load_section(options.params, "gate", Gate)
    baselines = read_json(options.baselines, REMEDY)
    incumbents = read_json(options.incumbent, "an empty one is `{}`")
    held_out = read_json(options.reports / "preprocess.json", REMEDY).get("held_out")
    report: dict[str, dict[str, Any]] = {}
    for path in options.metrics:
        version, incumbent = read_incumbent(incumbents, path.stem, str(options.incumbent))
        judged = options.reports / path.name
        evidence = Evidence.of(read_json(judged, REMEDY), str(judged))
        reasons = shortcomings(evidence, limits)
        if not reasons and evidence.gain_interval:
            metrics = read_json(path, REMEDY)
            candidate = Judged.of(metrics, baselines, str(path))
            recall = Recall.of(metrics, baselines, str(path))
            reasons = verdict(candidate, recall, incumbent, limits, evidence.gain_interval)
        report[path.stem] = {
            "pass": not reasons,
            "reasons": reasons,
            "incumbent": version,
            "validation_ratings": evidence.validation_ratings,
            "judged_users": evidence.validation_users,
            "gain_interval": evidence.gain_interval,
            "held_out": held_out,
        }
    write_json(options.report, report)
    print(json.dumps({"stage": "gate", **report}))
    refused = {model: "; ".join(v["reasons"]) for model, v in report.items() if not v["pass"]}
    if refused:
        said = ", ".join(f"{model} ({reasons})" for model, reasons in refused.items())
        print(f"gate: not fit to be released: {said}", file=sys.stderr)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="gate", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("metrics", type=Path, nargs="+", help="<model>.json files")
    parser.add_argument("--baselines", type=Path, required=True, help="what `baselines` wrote")
    parser.add_argument(
        "--incumbent", type=Path, required=True, help="{model: {version, metrics, baselines}}"
    )
    reports = "folder of preprocess.json and of a <model>.json for each of the metrics"
    parser.add_argument("--reports", type=Path, default=Path("reports"), help=reports)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    return parser.parse_args(arguments)


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
