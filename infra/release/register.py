"""Makes a release of what `dvc repro` trained: its data on the remote, then a commit and tags.

    python -m infra.release register                  # what the gate lets pass
    python -m infra.release register --remote store   # a DVC remote that is not the default

Each step is checked before the next:

 1. Nothing but dvc.lock, the windows, data/incumbent.json, metrics and reports may differ from
    HEAD; what dvc.lock says of every file in git is what git will hold; and `dvc status` has
    nothing to run, but for the stages that judge what was answered: they are no part of a release.
 2. The gate's verdict is read, from reports/gate.json. A model that it refuses is not released.
 3. DVC's cache is read and hashed; `dvc push`; every object that dvc.lock names is read back from
    the remote and hashed there.
 4. The commit, and an annotated tag for each model (svd@v1.4.0, as GTO names them, the card in its
    message), are made as objects that nothing names yet.
 5. Branch and tags are pushed at once: the origin has all of it or nothing.
 6. The local branch takes the commit up.

The number: other data only → patch; other params, libraries or code → minor; another format of the
model's folder → major. A model that a tag has already gets no second one, also when that tag was
taken back (`svd@v1.4.0!`): what was bad comes not again under another number. What is, but for its
data, a release that online evaluation had rolled back (act) is released, and not for production.

Run it again after whatever stopped it: it finishes, or says that all is done. Two at once in one
repository: the second is refused.

Exit status: 0 released, or already; 1 nothing to deploy: the gate refuses every model, or what it
lets pass stays out of production; 2 something is to be mended, as the line says; 3 somebody pushed
first: `git pull --rebase`, `dvc repro`, register again.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from infra.release.alone import alone
from infra.release.message import card_of
from infra.release.objects import DAMAGED, MISSING, Objects, Storage
from infra.release.options import manual, shared
from infra.release.origin import Origin, Overtaken
from infra.release.pipeline import Pipeline, check_committed
from infra.release.production import Production
from infra.release.record import base_of, check_rest, commit, tag_object, take_up, tree_with_record
from infra.release.releases import Candidate, candidate, count
from infra.release.tag import check_repository, is_taken_back
from infra.repository import attempt, git
from movierec.cli import refuse, run
from movierec.errors import BadInput, CorruptFile
from movierec.models.kinds import KINDS

GATE = "reports/gate.json"


def main(arguments: list[str]) -> int:
    """Release; prints each model's version, or why it has none."""
    options = parse(arguments)
    check_repository(options.repo)
    origin = Origin(options.repo, options.origin, options.branch or branch_of(options.repo))
    with alone(options.repo):
        try:
            return register(origin, options.remote)
        except Overtaken as error:
            refuse(error)
            return 3


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("register", __doc__)
    shared(parser, "repo", "remote", "origin", "branch")
    return parser.parse_args(arguments)


def branch_of(repository: Path) -> str:
    """The branch that is checked out. Raises BadInput when there is none."""
    found = attempt(repository, "symbolic-ref", "--quiet", "--short", "HEAD")
    if found.returncode:
        raise BadInput(f"{repository}: no branch is checked out; name the origin's by --branch")
    return found.stdout.decode().strip()


def register(origin: Origin, remote: str | None) -> int:
    """Release what the gate lets pass; the exit status."""
    repository = origin.repository
    check_rest(repository)
    refs = origin.fetch()
    tree = tree_with_record(repository)
    pipeline = Pipeline.read(repository, tree, "the work tree")
    check_committed(repository, tree, pipeline)
    verdict = passed(json.loads(git(repository, "show", f"{tree}:{GATE}")))
    if not verdict:
        print("nothing is released")
        return 1
    base = base_of(origin, tree, refs)
    storage = Storage(repository, remote)
    bring(storage, pipeline, new=not count(refs))
    candidates = [candidate(repository, tree, kind, pipeline, storage.remote) for kind in verdict]
    release(origin, refs, commit(repository, base, tree, message_of(candidates)), candidates)
    out = kept_out(repository, candidates)
    for one in candidates:
        print(f"{one.name}: {told(one, out.get(one.name))}")
    return 1 if all(one.name in out for one in candidates) else 0


def kept_out(repository: Path, candidates: list[Candidate]) -> dict[str, str]:
    """release → why it stays out of production until somebody decides otherwise."""
    out = {}
    for one in candidates:
        found = Production.read(repository, one.kind)
        if is_taken_back(repository, one.name):
            out[one.name] = "taken back"
        elif one.name in found.given_up:
            out[one.name] = "rolled back from"
        elif bad := found.bad_as(one.name):
            out[one.name] = f"but for data it is {bad}, which users did worse with"
    return out


def passed(gate: dict[str, Any]) -> list[str]:
    """The kinds that the gate lets pass; says why the others do not."""
    kinds = []
    for kind in KINDS:
        judged = gate.get(kind, {"pass": False, "reasons": [f"{GATE} says nothing of it"]})
        if judged["pass"] is True:
            kinds.append(kind)
        else:
            print(f"{kind}: refused by the gate: {'; '.join(judged['reasons'])}")
    return kinds


def bring(storage: Storage, pipeline: Pipeline, new: bool) -> None:
    """Have all outputs on the remote, proved by reading them there.

    Raises BadInput when the pipeline is to be run first, CorruptFile with the names of what is
    damaged or missing. `new`: no release is there yet, so the remote may be empty.
    """
    outs = pipeline.kept()
    check(storage.cache, outs, {DAMAGED}, "then `dvc pull` or `dvc repro`")
    storage.clear_begun(outs)
    check(storage.remote, outs, {DAMAGED}, "then run this again")
    if stale := storage.stale():
        raise BadInput(f"{', '.join(stale)}: not as dvc.lock says; run `dvc repro`")
    folder = storage.folder()
    if not (new or folder is None or folder.is_dir()):
        raise BadInput(f"{storage.remote.name} is not there, and releases are: mount it")
    storage.push(outs)
    check(storage.remote, outs, {DAMAGED, MISSING}, "then `dvc repro`")
    print(f"{storage.remote.name}: {storage.remote.count(outs)} objects, each read back and whole")


def check(place: Objects, outs: dict[str, str], unwanted: set[str], then: str) -> None:
    """Raises CorruptFile with the names of what is so in a place."""
    faults = {object_: why for object_, why in place.faults(outs).items() if why in unwanted}
    if faults:
        named = ", ".join(f"{place.where(object_)} is {why}" for object_, why in faults.items())
        raise CorruptFile(
            f"{place.name}: {named}; nothing was released; remove what is damaged (`chmod -R u+w "
            f".dvc/cache` lets you), {then}"
        )


def message_of(candidates: list[Candidate]) -> str:
    """The commit's message."""
    names = ", ".join(one.name for one in candidates if one.new)
    return f"Release {names}\n" if names else "Record a run of the pipeline\n"


def release(origin: Origin, refs: dict[str, str], commit: str, candidates: list[Candidate]) -> None:
    """Push what the origin lacks, and take it up here."""
    repository = origin.repository
    tags = {
        one.name: tag_object(repository, one.name, commit, card_of(repository, commit, one))
        for one in candidates
        if one.new
    }
    if tags or refs.get(origin.head) != commit:
        origin.push(commit, tags, refs)
    for name, tag in tags.items():
        git(repository, "update-ref", f"refs/tags/{name}", tag)
    take_up(repository, commit)


def told(one: Candidate, out: str | None) -> str:
    """What became of a candidate; `out` is why it stays out of production."""
    if out:
        how = f"released ({one.why});" if one.new else "released before and"
        return f"{how} {out}: stays out of production"
    return f"released ({one.why})" if one.new else "released before, all is done"


if __name__ == "__main__":
    run(main)
