"""`make compare`: workspace, branch and experiments on one screen, SVD beside SVD++.

    python -m infra.compare                   # of the folder one is in
    python -m infra.compare --in .demo/workspace

What `dvc exp show` shows in a hundred and more columns, its numbers as they are: a row a model,
and in `changed` the parameters in which a revision differs from its branch. One that was judged by
other ratings than the branch is marked: its measures say nothing beside the branch's. Below the
table, of the workspace: its lists, the two parts of their order, and lists that need no model.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.demo.report import table
from infra.demo.training import MODELS, OF_LISTS
from infra.demo.training import comparison as comparison_of_files
from movierec.cli import run
from movierec.errors import BadInput, Unavailable
from movierec.evaluation.validation import MEASURES

SCREEN = 120
"""Characters a line. What names, models and measures leave of it shows what changed."""
NAME_WIDTH = 20
CELL_WIDTH = 6
"""Of a measure such as 0.1234; a longer title makes its column wider."""
CHANGED_WIDTH = max(
    24,
    SCREEN
    - NAME_WIDTH
    - max(map(len, MODELS.values()))
    - sum(max(CELL_WIDTH, len(title)) for title in MEASURES.values())
    - len("  ") * (2 + len(MEASURES)),
)
NONE = "–"
OTHER = "≠ "
"""Before the name of what does not compare."""
UNLIKE = """\
≠ judged by other ratings than {} (another split, scale or days), or by another `evaluate`:
  measures of these rows and of others do not compare"""
DATASET, JUDGING = "data/dataset", "evaluate."
"""The output that holds what a revision is judged by, and the parameters that say how."""


@dataclass(frozen=True)
class Revision:
    """What DVC knows of one: its name, state, parameters by key, metrics by model, and the hash of
    its dataset, or nothing."""

    name: str
    state: str
    params: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    dataset: str

    def compares_with(self, base: "Revision") -> bool:
        """Whether both are judged by the same ratings, in the same way."""
        known = self.dataset and base.dataset
        ways = [
            {key: value for key, value in params.items() if key.startswith(JUDGING)}
            for params in (self.params, base.params)
        ]
        return not known or (self.dataset == base.dataset and ways[0] == ways[1])


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="compare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--in", dest="folder", type=Path, default=Path(), help="a repository")
    options = parser.parse_args(arguments)
    print(comparison(list(revisions(exp_show(options.folder)))))
    print(lists_of(options.folder))
    return 0


def lists_of(folder: Path) -> str:
    """The workspace's lists beside their parts and the baselines. Reports travel by the DVC
    remote: without them, what brings them."""
    try:
        return f"\nlists of the workspace:\n{comparison_of_files(folder, OF_LISTS)}"
    except BadInput as error:
        return f"\nlists of the workspace: {error}"


def exp_show(folder: Path) -> list[dict[str, Any]]:
    """What `dvc exp show --json` says in `folder`."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; name one with a dvc.yaml")
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"dvc exp show failed: {done.stderr.strip().splitlines()[-1]}")
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown


def revisions(shown: list[dict[str, Any]]) -> Iterator[Revision]:
    """The workspace, the branch, and its experiments, the newest first."""
    for base in shown:
        yield _revision(base.get("name") or base["rev"], "", base)
        for experiment in base.get("experiments") or []:
            state = (experiment.get("executor") or {}).get("state", "")
            state = "" if state == "success" else state
            last = experiment["revs"][0]
            yield _revision(experiment.get("name") or last["rev"][:7], state, last)


def _revision(name: str, state: str, shown: dict[str, Any]) -> Revision:
    data = shown.get("data") or {}
    params: dict[str, Any] = {}
    for file in (data.get("params") or {}).values():
        params |= dict(_flat("", file.get("data") or {}))
    metrics = {
        model: (data.get("metrics") or {}).get(f"metrics/{model}.json", {}).get("data") or {}
        for model in MODELS
    }
    dataset = ((data.get("outs") or {}).get(DATASET) or {}).get("hash") or ""
    return Revision(name, "failed" if shown.get("error") else state, params, metrics, dataset)


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """`train: {svd: {seed: 1}}` as (`train.svd.seed`, 1)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), inner)
    else:
        yield name, value


def comparison(shown: list[Revision]) -> str:
    """The table: as many rows a revision as there are models. The second revision is the branch,
    with which all others are compared; those that cannot be are marked, and a line says why."""
    base = shown[min(1, len(shown) - 1)]
    names = max(map(len, MODELS.values()))
    rows, marked = [], False
    for revision in shown:
        mark = "" if revision.compares_with(base) else OTHER
        marked |= bool(mark)
        changed = _changes(revision, base, len(MODELS))
        for number, (model, name) in enumerate(MODELS.items()):
            measured = revision.metrics[model]
            cells = [f"{measured[key]:.4f}" if key in measured else NONE for key in MEASURES]
            label = _cut(revision.name if number == 0 else revision.state, NAME_WIDTH - len(mark))
            rows.append([mark + label, changed[number], name.ljust(names), *cells])
    lines = table(["", "changed".ljust(CHANGED_WIDTH), "", *MEASURES.values()], rows)
    if marked:
        lines += "\n" + UNLIKE.format(base.name)
    return lines


def _changes(revision: Revision, base: Revision, lines: int) -> list[str]:
    """What differs from `base`, as `lines` cells; the last one counts what finds no place."""
    changes = [
        f"{key}={value}"
        for key, value in revision.params.items()
        if base.params.get(key, value) != value
    ]
    if len(changes) > lines:
        rest = len(changes) - lines + 1
        changes[lines - 1 :] = [f"{rest} more: dvc params diff"]
    cells = [_cut(change, CHANGED_WIDTH) for change in changes]
    return [cell.ljust(CHANGED_WIDTH) for cell in [*cells, *[""] * (lines - len(cells))]]


def _cut(text: str, width: int) -> str:
    """`text` without its beginning where it is too long: a parameter's end says which it is."""
    return text if len(text) <= width else f"…{text[1 - width :]}"


if __name__ == "__main__":
    run(main)
