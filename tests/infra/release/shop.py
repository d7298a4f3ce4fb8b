"""A project with releases of which only git knows: enough for whoever moves tags."""

import json
from pathlib import Path

import yaml

from infra.repository import git
from movierec.models.kinds import KINDS
from tests.infra.release.project import Project

RMSE = {"v1.0.0": 0.95, "v1.1.0": 0.92, "v1.2.0": 0.91, "v1.3.0": 0.9}
"""version → its error; each has a rank of its own, 4 for the first, and one day more."""


def shop(folder: Path) -> Project:
    """A project and its origin with a release of each kind for each of RMSE, none in production."""
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", "origin.git")
    git(folder, "init", "--quiet", "--initial-branch", "main", "work")
    project = Project(folder)
    for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
        git(project.work, "config", name, value)
    for option in ("commit.gpgSign", "tag.gpgSign"):
        git(project.work, "config", option, "false")
    git(project.work, "remote", "add", "origin", "../origin.git")
    artifacts = {kind: {"path": f"models/{kind}", "type": "model"} for kind in KINDS}
    stages = {"train": {"foreach": list(KINDS), "do": {"cmd": "c"}}}
    project.write("dvc.yaml", yaml.safe_dump({"stages": stages, "artifacts": artifacts}))
    for number, version in enumerate(RMSE):
        stand(project, number, RMSE[version])
        project.commit(f"Release {version}")
        for kind in KINDS:
            message = f"Registering artifact {kind} version {version}"
            git(project.work, "tag", "--annotate", "--message", message, f"{kind}@{version}")
    git(project.work, "push", "--quiet", "--set-upstream", "origin", "main", "--tags")
    return project


def stand(project: Project, number: int, rmse: float) -> None:
    """The files that a release commits."""
    days = [f"2026-11-{day:02}" for day in range(1, number + 2)]
    project.write("data/window.yaml", yaml.safe_dump({"days": days, "written": "2026-11-20"}))
    stages = {}
    for kind in KINDS:
        params = {"params.yaml": {f"train.{kind}": {"n_factors": 4 + number, "n_epochs": 20}}}
        out = {"path": f"models/{kind}", "md5": f"{number:032}.dir"}
        code = {"path": "stages/train.py", "md5": f"{number // 2}" * 32}
        stages[f"train@{kind}"] = {"cmd": "c", "deps": [code], "params": params, "outs": [out]}
        project.write(f"metrics/{kind}.json", json.dumps({"rmse": rmse, "coverage": 1.0}))
    project.write("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": stages}))
    project.write("reports/baselines.json", json.dumps({"biases": {"rmse": 1.0}}))


def somebody(project: Project) -> Path:
    """Another's clone of the same origin."""
    clone = project.folder / "somebody"
    git(project.folder, "clone", "--quiet", str(project.origin), str(clone))
    for key in ("user.name", "user.email"):
        git(clone, "config", key, "s@localhost")
    return clone


def promoted(project: Project, *names: str) -> None:
    """Put releases in production, one after the other, as `promote` does but quicker."""
    for name in names:
        kind, version = name.split("@")
        number = 1 + len(git(project.work, "tag", "--list", f"{kind}#*").split())
        message = f"Assigning stage prod to artifact {kind} version {version}"
        tag = f"{kind}#prod#{number}"
        git(project.work, "tag", "--annotate", "--message", message, tag, f"{name}^{{commit}}")
    git(project.work, "push", "--quiet", "--tags")
