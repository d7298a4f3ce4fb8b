"""`act` in a shop whose HEAD has an evaluation, where what deploys writes down what it was told."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.kubernetes.render import HEAD, digest
from infra.repository import git
from tests.infra.release.acting.evaluation import TODAY
from tests.infra.release.deploys import instead
from tests.infra.release.project import Ended, Project

PARAMS = """\
act: {roll_back: true, follow_verdict: false, least_share: 0.1, max_age_days: 3}
online:
  since: ""                   # the first day of the weights below
routing:                      # which arm answers whom
  salt: "1"
  weights: {svd: 50, svdpp: 50}
"""
FOLLOWS = PARAMS.replace("follow_verdict: false", "follow_verdict: true")
DEALT = '{"salt": "1", "weights": {"svd": 50, "svdpp": 50}}\n'


def committed(
    project: Project, document: Mapping[str, Any] | str | None, params: str = PARAMS
) -> None:
    """Have HEAD and the origin have an evaluation, and parameters."""
    project.write("params.yaml", params)
    project.write("infra/kubernetes/router/routing.json", DEALT)
    folder = project.work / "infra/kubernetes"
    rendered = f"data:\n  routing.json: |\n    {DEALT}kind: ConfigMap\n"
    project.write("infra/kubernetes/rendered.yaml", HEAD.format(digest(folder)) + rendered)
    if document is not None:
        text = document if isinstance(document, str) else json.dumps(document)
        project.write("metrics/online.json", text)
    project.commit("Evaluate")
    git(project.work, "push", "--quiet")


def act(
    project: Project,
    *more: str,
    status: int = 0,
    die_before: int = -1,
    meanwhile: Callable[[], object] = lambda: None,
    today: str = TODAY,
) -> Ended:
    """Act where what deploys ends with a status, or raises what one would."""
    options, before = ["--today", today, *more], instead(project, status, meanwhile)
    return project.release("act", *options, die_before=die_before, before=before)
