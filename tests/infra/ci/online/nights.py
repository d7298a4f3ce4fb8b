"""A project of some nights: each judged a day's answers, merged the window and committed both."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from infra.repository import git
from movierec.dataset.onlinefile import OnlineDay, write_online
from movierec.dataset.scale import Events
from movierec.evaluation.online.daysums import Lines, load_sums, save_sums, sums_of
from movierec.evaluation.online.merging import merge
from movierec.evaluation.online.outcomes import Online
from movierec.files import write_json
from movierec.params import load_section
from movierec.routing import Routing, arm
from movierec.times import MINUTE, day_number, day_start
from tests.movierec.evaluation.online.rows import rows, served, watch

ROOT = Path(__file__).resolve().parents[4]
USERS = 300
WINDOW = 2
"""Days of a report: so a release of the first nights is in those of git alone."""


def day_name(number: int) -> str:
    return f"2026-11-{number + 1:02d}"


def begin(root: Path) -> Path:
    """The project, without a day."""
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    git(root, "init", "--quiet")
    for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
        git(root, "config", name, value)
    report(root, [])
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Begin")
    return root


def night(
    root: Path,
    number: int,
    models: dict[str, str],
    chance: dict[str, float],
    users: int = USERS,
) -> None:
    """Judge a day on which `models` (arm → release) answered each of so many users once; `chance`
    that one starts what a release offers."""
    params, routing = _params(root)
    random = np.random.default_rng(number)
    start = day_start(day_number(day_name(number))) / MINUTE
    answers, watches = [], []
    for user in range(users):
        own = arm(user, routing.salt, routing.weights)
        at = start + 60 + user
        movies = [f"movie+{k}+2001" for k in random.choice(40, 5, replace=False)]
        request = f"{number}-{user}"
        answers.append(served(at, user, movies, request, models[own], arm=own))
        if random.random() < chance[models[own]]:
            watches += [watch(at + 3 + minute, user, movies[0], minute) for minute in range(4)]
    lines = Lines(rows(*answers).to_batches(), rows(*watches).to_batches())
    events = load_section(root / "params.yaml", "events", Events)
    day = day_name(number)
    save_sums(root / "data/online/days" / day, sums_of(day, lines, params, events))
    report(root, [day_name(n) for n in range(max(0, number + 1 - WINDOW), number + 1)])
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", f"Evaluate {day}")


def report(root: Path, days: Sequence[str]) -> None:
    """Merge some days, as the stage does."""
    params, routing = _params(root)
    window = [OnlineDay(day, {"movielog": day, "served": day}) for day in days]
    write_online(root / "data/online/window.yaml", window)
    sums = [load_sums(root / "data/online/days" / day) for day in days]
    write_json(root / "metrics/online.json", merge(sums, params, routing))


def release(root: Path, name: str, **measures: float) -> None:
    """Tag a release with its offline measures."""
    kind = name.partition("@")[0]
    (root / "metrics").mkdir(exist_ok=True)
    (root / f"metrics/{kind}.json").write_text(json.dumps(measures))
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", f"Release {name}")
    git(root, "tag", "--annotate", "--message", name, name)


def four_each(root: Path) -> Path:
    """Four nights, each of a release of both arms: the lower the RMSE, the more is taken up; recall
    says nothing."""
    begin(root)
    for step in range(4):
        for number, kind in enumerate(("svd", "svdpp")):
            better = 2 * step + number
            recall = (0.3, 0.2, 0.4, 0.1, 0.25, 0.35, 0.15, 0.3)[better]
            measures = {"rmse": 0.9 - 0.02 * better, "recall": recall, "ndcg": 0.3}
            release(root, f"{kind}@v1.{step}.0", **measures)
        models = {kind: f"{kind}@v1.{step}.0" for kind in ("svd", "svdpp")}
        chance = {models["svd"]: 0.15 + 0.2 * step, models["svdpp"]: 0.25 + 0.2 * step}
        night(root, step, models, chance)
    return root


def _params(root: Path) -> tuple[Online, Routing]:
    params = load_section(root / "params.yaml", "online", Online)
    return params, load_section(root / "params.yaml", "routing", Routing)
