"""Which stages DVC would look at, and which of them are due: something of theirs changed, or of
what comes before."""

from collections.abc import Sequence
from dataclasses import dataclass

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo
from dvc.repo.reproduce import get_active_graph, plan_repro

from movierec.errors import BadInput


@dataclass(frozen=True)
class Plan:
    """Stages by the names that DVC prints and takes."""

    order: list[str]
    """All that are looked at, each after those before it."""
    due: dict[str, set[str]]
    """Those that may have to run, in that order; of each the due ones that it reads from."""


def plan(targets: Sequence[str]) -> Plan:
    """Of the project in the current folder: stages and groups (`train`), all without targets.
    Raises BadInput when there is no such stage, or in DVC's words when dvc.yaml or dvc.lock cannot
    be read."""
    try:
        with Repo() as repo, lock_repo(repo):
            return _planned(repo, targets)
    except DvcException as error:
        raise BadInput(f"dvc: {error}") from None


def _planned(repo: Repo, targets: Sequence[str]) -> Plan:
    graph = get_active_graph(repo.index.graph)
    chosen = [stage for stage in graph if not targets or {*_names(stage.addressing)} & {*targets}]
    known = {name for stage in chosen for name in _names(stage.addressing)}
    if unknown := [target for target in targets if target not in known]:
        raise BadInput(f"dvc.yaml: there is no stage {', '.join(map(repr, unknown))}")
    wanted = set(plan_repro(graph, chosen))
    # Of a part of the graph DVC's order is a set's, another in each process; of all it is one.
    stages = [stage for stage in plan_repro(graph) if stage in wanted]
    due: dict[str, set[str]] = {}
    for stage in stages:
        before = {other.addressing for other in graph.successors(stage)} & due.keys()
        if before or stage.status():
            due[stage.addressing] = before
    return Plan([stage.addressing for stage in stages], due)


def _names(stage: str) -> tuple[str, str]:
    """By what a stage may be meant: its own name, and its group's."""
    return stage, stage.split("@")[0]
