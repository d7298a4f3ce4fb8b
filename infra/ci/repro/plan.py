"""Which stages DVC would look at, and which of them are due: something of theirs changed, or of
what comes before."""

from collections.abc import Sequence
from dataclasses import dataclass

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import collect_stages, get_active_graph, plan_repro

from movierec.errors import BadInput


@dataclass(frozen=True)
class Plan:
    """Stages by the names that DVC prints and takes."""

    order: list[str]
    """All that are looked at, each after those before it."""
    due: dict[str, set[str]]
    """Those that may have to run, in that order; of each the due ones that it reads from."""


def plan(targets: Sequence[str]) -> Plan:
    """Of the project in the current folder; all stages without targets. Raises BadInput with
    DVC's words when there is no such stage, or dvc.yaml or dvc.lock cannot be read."""
    try:
        with Repo() as repo, lock_repo(repo):
            return _planned(repo, targets)
    except DvcException as error:
        raise BadInput(f"dvc: {error}") from None


def _planned(repo: Repo, targets: Sequence[str]) -> Plan:
    graph = get_active_graph(repo.index.graph)
    wanted = set(plan_repro(graph, collect_stages(repo, targets or ["dvc.yaml"])))
    # Of a part of the graph DVC's order is a set's, another in each process; of all it is one.
    stages = [stage for stage in plan_repro(graph) if stage in wanted]
    changed = repo.status(targets=[stage.addressing for stage in stages])
    due: dict[str, set[str]] = {}
    for stage in stages:
        before = {other.addressing for other in graph.successors(stage)} & due.keys()
        if before or stage.addressing in changed:
            due[stage.addressing] = before
    return Plan([stage.addressing for stage in stages], due)
