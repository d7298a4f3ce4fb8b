"""New weights in the origin's branch: a commit of params.yaml, of what is written from it for the
cluster, and of nothing else.

It is made of the branch as the origin has it, beside the work tree and the index: it is there, or
nothing is. So whoever is killed is run again.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from infra.kubernetes.render import HEAD, digest
from infra.release.acting.telling import PARAMS, TRAILER
from infra.release.code import resolve
from infra.release.context import extract
from infra.release.documents import yaml_at
from infra.release.origin import Origin, Overtaken
from infra.release.record import commit
from infra.repository import git
from infra.router.weights import as_json, text_of
from infra.scratch import scratch
from movierec.errors import BadInput
from movierec.fields import checked
from movierec.files import write_text
from movierec.routing import Routing

KUBERNETES = "infra/kubernetes"
FILE = f"{KUBERNETES}/router/routing.json"
RENDERED = f"{KUBERNETES}/rendered.yaml"
INDEX = "movierec-act.index"
TRIES = 3
"""Whoever pushes first is taken up."""


@dataclass(frozen=True)
class Move:
    """Users are dealt otherwise."""

    before: Routing
    now: Routing
    because: str
    since: str
    """The first day that is whole under the new weights."""

    @property
    def message(self) -> str:
        """The commit's."""
        best = max(self.now.weights, key=lambda name: self.now.weights[name])
        return f"Give {best} more users\n\n{TRAILER}: {self.because}\n"


def routing_at(repository: Path, commit: str) -> Routing:
    """The routing that a commit has. Raises BadInput and BadParams."""
    params = yaml_at(repository, commit, commit, PARAMS, "see git")
    return checked(Routing, params.get("routing"), f"{PARAMS} of {commit}: routing")


def push(origin: Origin, move: Move) -> str:
    """Have the origin's branch have the new weights; the commit that has them.

    Raises Overtaken when somebody pushed first each time, or something else was done there.
    """
    for _ in range(TRIES):
        refs = origin.fetch()
        tip = refs[origin.head]
        there = routing_at(origin.repository, tip)
        if there == move.now:
            return tip
        if there != move.before:
            raise Overtaken(f"{origin.branch}: somebody changed the routing meanwhile; it stays")
        made = commit(origin.repository, tip, tree_of(origin.repository, tip, move), move.message)
        try:
            origin.push(made, {}, refs)
        except Overtaken:
            continue
        return made
    raise Overtaken(f"{origin.branch}: somebody pushed first, each time; run this again")


def tree_of(repository: Path, tip: str, move: Move) -> str:
    """The tree of a commit, with other weights."""
    place = Path(git(repository, "rev-parse", "--absolute-git-dir").strip()) / INDEX
    with scratch("act") as folder:
        extract(repository, resolve(repository, "router", tip), [PARAMS, KUBERNETES], folder)
        change(folder, move)
        place.unlink(missing_ok=True)  # of a run that was killed
        try:
            git(repository, "read-tree", tip, index=place)
            for name in (PARAMS, FILE, RENDERED):
                blob = git(repository, "hash-object", "-w", str(folder / name)).strip()
                entry = f"100644,{blob},{name}"
                git(repository, "update-index", "--cacheinfo", entry, index=place)
            return git(repository, "write-tree", index=place).strip()
        finally:
            place.unlink(missing_ok=True)


def change(folder: Path, move: Move) -> None:
    """Write the new weights into the files of a commit. Raises BadInput where they do not fit."""
    write_text(folder / PARAMS, params_with((folder / PARAMS).read_text(), move))
    old, new = (folder / FILE).read_text(), text_of(move.now)
    write_text(folder / FILE, new)
    rendered = (folder / RENDERED).read_text().partition("\n")[2]
    if json.loads(old) != as_json(move.before) or rendered.count(old.strip()) != 1:
        raise BadInput(
            f"{FILE} or {RENDERED} is not of {PARAMS}: `python -m infra.router.weights --output"
            f" {FILE}`, `python -m infra.kubernetes.render`, and commit that"
        )
    text = rendered.replace(old.strip(), new.strip())
    write_text(folder / RENDERED, HEAD.format(digest(folder / KUBERNETES)) + text)


def params_with(text: str, move: Move) -> str:
    """params.yaml with the new weights; everything else in it stays as it is, to the letter."""
    yaml = YAML()
    yaml.width = 4096
    yaml.preserve_quotes = True
    document = yaml.load(text)
    document["routing"]["weights"].update(as_json(move.now)["weights"])
    document["online"]["since"] = DoubleQuotedScalarString(move.since)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
