"""Steps 4 and 5: `dvc repro`, stage by stage, and SVD beside SVD++."""

import re
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from infra.demo.converted import conversions
from infra.demo.report import Step, step, table
from infra.processes import Processes
from movierec.errors import Unavailable
from movierec.evaluation.validation import MEASURES
from movierec.files import read_json
from movierec.models.kinds import KINDS

MODELS = {name: kind.title for name, kind in KINDS.items()}
BASELINES = {"biases": "biases only", "popularity": "popularity", "global_mean": "global mean"}
OF_LISTS = {key: MEASURES[key] for key in ("recall", "ndcg", "coverage", "lift")}
"""The measures of lists, and not of predicted ratings."""
STARTED = re.compile(r"Running stage '(.+)':")
SKIPPED = re.compile(r"Stage '(.+)' (?:didn't change|is cached)")


def reproduce(processes: Processes) -> None:
    """Step 4: run `dvc repro` and say of each stage whether it ran or was skipped."""
    with step(4, "dvc repro", "days → matrix → SVD, SVD++ → evaluation → gate; answers") as current:
        repro(processes, current, told={})
        current.say(counted(processes.root))


def repro(processes: Processes, current: Step, *stages: str, told: dict[str, str]) -> None:
    """Run `dvc repro`, following its stages, or those up to `stages`; `told` are those of which
    was said before what became of them. Raises Unavailable with DVC's own errors."""
    lines: list[str] = []
    command = [sys.executable, "-m", "dvc", "repro", *stages]
    follow(processes.lines("dvc", command), current, lines, told)
    if status := processes.wait("dvc"):
        errors = [line for line in lines if line.lower().startswith("error")]
        raise Unavailable(f"dvc repro ended with status {status}: {' | '.join(errors)}")


def follow(output: Iterable[str], current: Step, lines: list[str], told: dict[str, str]) -> None:
    """Say each stage of `dvc repro` as it ends, with its seconds, and those that it skips, which
    `told` has not; keep every line in `lines`, and what became of each stage in `told`."""
    running, started = "", time.monotonic()

    def finish() -> None:
        if running:
            current.say(f"{running:<24} {time.monotonic() - started:5.1f} s")

    for text in output:
        lines.append(text.strip())
        if match := SKIPPED.search(text):
            finish()
            running = ""
            if match[1] not in told:
                told[match[1]] = "skipped"
                current.say(f"{match[1]:<24} skipped, nothing changed")
        elif match := STARTED.search(text):
            finish()
            running, started = match[1], time.monotonic()
            told[running] = "ran"
    finish()
    ran = list(told.values()).count("ran")
    current.note = f"{ran} stages ran, {len(told) - ran} skipped"


def counted(root: Path) -> str:
    """Who and what the models know."""
    facts = _read(root / "reports/preprocess.json")
    users, movies, watchers = (f"{facts[key]:,}" for key in ("users", "movies", "watchers"))
    return f"{users} users rated {movies} movies; {watchers} more users only watched"


def compare(root: Path, processes: Processes) -> None:
    """Step 5: both models beside the baselines, and the page of plots."""
    with step(5, "compare", "SVD beside SVD++, offline and online") as current:
        current.say(comparison(root))
        current.say("and by what users did after they were answered:")
        current.say(conversions(_read(root / "metrics/online.json")))
        page = "reports/plots.html"
        processes.run("plots", [sys.executable, "-m", "infra.demo.plots_page", "--output", page])
        place = root.relative_to(root.parents[1])
        experiment = "dvc exp run -S train.svd.n_factors=32"
        current.say(f"go on in {place}: {experiment}; then here: make compare IN={place}")
        current.note = f"plots are in {place / page}"


def comparison(root: Path, measures: Mapping[str, str] = MEASURES) -> str:
    """A table of both models, of the parts of their lists, and of the baselines, whatever has one
    of the `measures`; below it what their evaluations advise."""
    baselines = _read(root / "reports/baselines.json")
    rows = [(name, _read(root / f"metrics/{kind}.json")) for kind, name in MODELS.items()]
    rows += list_parts(root)
    rows += [(name, baselines[kind]) for kind, name in BASELINES.items()]
    cells = [
        [name, *(f"{measured[key]:.4f}" if key in measured else "–" for key in measures)]
        for name, measured in rows
        if measures.keys() & measured.keys()
    ]
    return "\n".join([table(["", *measures.values()], cells), *advice(root)])


def list_parts(root: Path) -> list[tuple[str, dict[str, float]]]:
    """What each model's lists are worth when ranked by one of the two things that their order is
    made of; nothing where a model ranks by its rating alone. Who takes up what is the same in
    all models."""
    reports = {name: _read(root / f"reports/{kind}.json") for kind, name in MODELS.items()}
    made = {name: report.get("lists", {}) for name, report in reports.items()}
    rows = [
        (f"{name}, by rating alone", lists["rating_alone"])
        for name, lists in made.items()
        if "rating_alone" in lists
    ]
    alone = [lists["uptake_alone"] for lists in made.values() if "uptake_alone" in lists]
    return rows + [("uptake alone", measured) for measured in alone[:1]]


def advice(root: Path) -> list[str]:
    """What the evaluation of each model advises, a line each; mostly nothing."""
    reports = {name: _read(root / f"reports/{kind}.json") for kind, name in MODELS.items()}
    return [
        f"{name}: {report['advice']}" for name, report in reports.items() if report.get("advice")
    ]


def _read(path: Path) -> dict[str, Any]:
    return read_json(path, "run `dvc repro`")
