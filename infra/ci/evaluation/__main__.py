"""The offline evaluation for Jenkins: JUnit cases with limits, one HTML page, points of plots.

    python -m infra.ci.evaluation --output reports/evaluation
    python -m infra.ci.evaluation --output FOLDER --in .demo/workspace

Reads what `dvc repro` wrote (metrics, reports, plots, params.yaml) and writes

    evaluation.xml     for `junit`: a suite a model, a case a measure with its limit
    evaluation.html    for `publishHTML`: measures beside incumbent and baselines, and the plots
    plot-MEASURE.csv   for `plot`: this build's values, a label a model and baseline

The verdict is the gate's, as reports/gate.json has it; nothing is judged again.

Exit status: 0 written, whatever the verdict; 2 a file is missing or says something else.
"""

import argparse
from pathlib import Path

from infra.ci.evaluation.cases import cases
from infra.ci.evaluation.junit import junit
from infra.ci.evaluation.measured import Evaluation
from infra.ci.evaluation.report import page
from infra.ci.evaluation.series import series
from infra.paper.plots import draw, plots
from movierec.cli import run
from movierec.files import write_csv, write_text


def main(arguments: list[str]) -> int:
    """Write the reports; prints where they are."""
    options = parse(arguments)
    evaluation = Evaluation.read(options.workspace)
    judged = {model.kind: cases(model, evaluation) for model in evaluation.models}
    pictures = [(title, draw(spec)) for title, spec in plots(options.workspace)]
    write_text(options.output / "evaluation.xml", junit(judged))
    write_text(options.output / "evaluation.html", page(evaluation, judged, pictures))
    for name, columns in series(evaluation).items():
        write_csv(options.output / name, columns)
    for model in evaluation.models:
        verdict = "passed" if model.passed else f"refused: {'; '.join(model.reasons)}"
        print(f"{model.kind}: {verdict}")
    print(f"evaluation.xml, evaluation.html and plot-*.csv are in {options.output}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="evaluation",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument(
        "--in",
        dest="workspace",
        type=Path,
        default=Path(),
        metavar="WORKSPACE",
        help="a project that `dvc repro` ran in (the folder one is in)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(main)
