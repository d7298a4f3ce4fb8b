"""Online evaluation for people: which release does better with users, and did we know before?

    python -m infra.ci.online                        # writes reports/online.html
    python -m infra.ci.online --output FILE --in .demo/workspace

Reads what `dvc repro` wrote (metrics/online.json, data/online), the reports of the nights before in
git, and what each release's tag says of its offline measures. Nothing is judged again.

Exit status: 0 written, whatever the verdict; 2 a file is missing or says something else.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.ci.online.drawings import colours_of, night_by_night, predicted, taken_up
from infra.ci.online.measured import Release, nights, releases, report_of
from infra.ci.online.predicting import BETTER, Order, order_of
from infra.paper.page import fill, picture
from movierec.cli import run
from movierec.evaluation.online.outcomes import Online
from movierec.evaluation.validation import MEASURES
from movierec.files import write_text
from movierec.params import load_section


def main(arguments: list[str]) -> int:
    """Write the page; prints the verdicts."""
    options = parse(arguments)
    report = report_of(options.workspace)
    params = load_section(options.workspace / "params.yaml", "online", Online)
    known = [one for one in releases(options.workspace) if one.users >= params.min_users]
    tagged = [one for one in known if one.offline is not None]
    orders = [order(measure, tagged) for measure in BETTER]
    write_text(options.output, page(report, options.workspace, known, orders))
    print(f"verdict: {report['experiment']['verdict']}")
    for one in orders:
        print(f"offline {MEASURES[one.measure]}: {one.verdict}")
    print(f"the page is {options.output}")
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="online",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    page = Path("reports/online.html")
    parser.add_argument("--output", type=Path, metavar="FILE", default=page, help=f"({page})")
    parser.add_argument(
        "--in",
        dest="workspace",
        type=Path,
        default=Path(),
        metavar="WORKSPACE",
        help="a project that `dvc repro` ran in (the folder one is in)",
    )
    return parser.parse_args(arguments)


def order(measure: str, tagged: Sequence[Release]) -> Order:
    """How a measure orders the releases that have it."""
    pairs = [
        (one.offline[measure], one.conversion)
        for one in tagged
        if one.offline is not None and measure in one.offline
    ]
    return order_of(measure, [value for value, _ in pairs], [value for _, value in pairs])


def page(
    report: Mapping[str, Any], root: Path, known: Sequence[Release], orders: Sequence[Order]
) -> str:
    """The HTML of the page."""
    models = {name: one for name, one in report["models"].items() if one["answers"]}
    colours = colours_of([one["arm"] for one in models.values()] + [one.arm for one in known])
    tagged = [one for one in known if one.offline is not None]
    verdicts = {one["release"]: one for arm in report["releases"].values() for one in arm}
    sequences = [
        (arm, against, picture(night_by_night(found, arm, against)))
        for (arm, against), found in nights(root).items()
    ]
    return fill(
        "ci/online/online.html",
        {
            "report": report,
            "models": models,
            "colours": colours,
            "verdicts": verdicts,
            "taken_up": picture(taken_up(models, colours)) if models else None,
            "sequences": sequences,
            "orders": orders,
            "titles": {key: title.replace("@k", "") for key, title in MEASURES.items()},
            "predicted": picture(predicted(tagged, list(BETTER), colours)) if tagged else None,
            "untagged": len(known) - len(tagged),
        },
    )


if __name__ == "__main__":
    run(main)
