"""What nights measured of releases: by the newest report, those before it in git, and tags."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.release.tag import NAME, resolve_any
from infra.repository import attempt, git
from movierec.dataset.onlinefile import read_online
from movierec.errors import BadInput
from movierec.evaluation.online.daysums import load_sums
from movierec.evaluation.online.merging import merge
from movierec.evaluation.online.outcomes import Online
from movierec.files import read_json
from movierec.params import load_section
from movierec.routing import Routing

REPORT = "metrics/online.json"
WINDOW = "data/online/window.yaml"
DAYS = "data/online/days"


@dataclass(frozen=True)
class Release:
    """A release, as users took it and as it was measured before."""

    name: str
    arm: str
    conversion: float
    interval: tuple[float, float]
    users: int
    offline: Mapping[str, float] | None
    """Of its tag; None where no tag has its name."""


@dataclass(frozen=True)
class Night:
    """What was known of two arms when a day had been judged."""

    day: str
    difference: float
    low: float
    high: float


def report_of(root: Path) -> dict[str, Any]:
    """The newest report. Raises BadInput where there is none."""
    return read_json(root / REPORT, "run `dvc repro`")


def nights(root: Path) -> dict[tuple[str, str], list[Night]]:
    """(arm, the arm it is against) → what each night of the window said, as looked at then: of the
    days up to it. A night in which nothing could be said is left out.

    Raises BadInput, as `load_sums` does, where the sums of a day are not there.
    """
    params = load_section(root / "params.yaml", "online", Online)
    routing = load_section(root / "params.yaml", "routing", Routing)
    sums = [load_sums(root / DAYS / item.day) for item in read_online(root / WINDOW)]
    found: dict[tuple[str, str], list[Night]] = {}
    for until in range(1, len(sums) + 1):
        known = sums[:until]
        for one in merge(known, params, routing)["experiment"]["comparisons"]:
            if one["difference"] is not None:
                night = Night(known[-1].day, one["difference"], one["low"], one["high"])
                found.setdefault((one["arm"], one["against"]), []).append(night)
    return found


def releases(root: Path) -> list[Release]:
    """Every release of which a report says or said something, each as the report with most of its
    answers has it, in the order of their first days. Raises BadInput for a report in git that is
    none."""
    best: dict[str, Mapping[str, Any]] = {}
    for report in (report_of(root), *_before(root)):
        for name, told in report["models"].items():
            if told["answers"] > best.get(name, {"answers": 0})["answers"]:
                best[name] = told
    order = sorted(best, key=lambda name: (best[name]["first_day"], name))
    return [
        Release(
            name,
            best[name]["arm"],
            best[name]["conversion"],
            (best[name]["low"], best[name]["high"]),
            best[name]["users"],
            _offline(root, name),
        )
        for name in order
    ]


def _before(root: Path) -> Iterator[dict[str, Any]]:
    """The reports that were committed, the newest first."""
    if attempt(root, "rev-parse", "--quiet", "--verify", "HEAD").returncode:
        return
    for commit in git(root, "log", "--format=%H", "--", REPORT).split():
        shown = attempt(root, "show", f"{commit}:{REPORT}")
        if shown.returncode == 0:  # else it was removed there
            try:
                report = json.loads(shown.stdout)
            except ValueError as error:
                raise BadInput(f"{commit}: {REPORT} is no JSON: {error}") from None
            yield report


def _offline(root: Path, name: str) -> dict[str, float] | None:
    """The measures of a release, of its tag's commit."""
    tagged = attempt(root, "rev-parse", "--quiet", "--verify", f"refs/tags/{name}")
    if not NAME.fullmatch(name) or tagged.returncode:
        return None
    tag = resolve_any(root, name)
    measures: dict[str, float] = json.loads(
        git(root, "show", f"{tag.commit}:metrics/{tag.kind}.json")
    )
    return measures
