"""Puts the release before back in production: deploys it, then moves the tag `svd#prod#N`.

    python -m infra.release rollback svd
    python -m infra.release rollback svd --to svd@v1.2.0   # one of those that were there before
    python -m infra.release rollback svd --no-deploy       # where no cluster runs it: the tag alone

Back to what the present release took the place of when it was promoted, by the tags of the origin
and not by version numbers; releases that were taken back or rolled back from are passed over. What
is rolled back from is given up: promote refuses it without --again.

Prints what changes: days, parameters, code, measures, the two releases beside each other.

By hand: then run python -m infra.prometheus.handover on the agent, or ModelLoadFailed fires half
an hour later; infra/prometheus/README.md has how.

Run it again after whatever stopped it: it finishes. When all was done it deploys the same release
again, which changes nothing, and goes no further back: that is asked for by --to.

Exit status: 0 the release before is in production, now or since an earlier run; 1 it does not serve
and deploy put back what was there, the tag did not move; 2 something is to be mended, as the line
says; 3 somebody else moved the tag meanwhile.
"""

import argparse
from importlib import import_module
from pathlib import Path

from infra.release.alone import in_turn
from infra.release.changes import changes
from infra.release.options import manual, shared
from infra.release.origin import Origin, Overtaken
from infra.release.production import Production, put
from infra.release.tag import check_repository, resolve
from movierec.cli import refuse, run
from movierec.errors import BadInput
from movierec.models.kinds import KINDS


def main(arguments: list[str]) -> int:
    """Roll one model back; prints what changes."""
    options = parse(arguments)
    check_repository(options.repo)
    origin = Origin(options.repo, options.origin)
    with in_turn(options.repo):
        origin.fetch()
    present, target = present_and_target(options.repo, options.kind, options.to)
    resolve(options.repo, target)
    print(f"{present}: back to {target}" if present != target else again(options.repo, target))
    return go_back(origin, present, target, not options.no_deploy, options.image)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("rollback", __doc__)
    parser.add_argument("kind", choices=KINDS, help="the model")
    parser.add_argument("--to", metavar="TAG", help="such as svd@v1.2.0 (the one before)")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--no-deploy", action="store_true", help="move the tag and nothing else")
    how.add_argument("--image", metavar="REFERENCE", help="for deploy, where there is no registry")
    shared(parser, "repo", "origin")
    return parser.parse_args(arguments)


def go_back(
    origin: Origin,
    present: str,
    target: str,
    deploys: bool,
    image: str | None = None,
    because: str = "",
) -> int:
    """Have `target` served in place of `present`, say so by the tag, and in it `because`, and print
    what changed; the exit status. Raises UserError for what is to be mended."""
    repository = origin.repository
    if deploys and (status := deploy(repository, target, image)):
        print(f"{target}: is not deployed, and no tag moved")
        return status
    try:
        with in_turn(repository):
            move(origin, present, target, because)
    except Overtaken as error:
        refuse(error)
        return 3
    if instead := Production.read(repository, target.split("@")[0]).back_from:
        print(changes(repository, instead, target))
    return 0


def present_and_target(repository: Path, kind: str, to: str | None) -> tuple[str, str]:
    """What is rolled back from, and to; the same when an earlier run did it.

    Raises BadInput when there is nothing to go back from, or to.
    """
    found = Production.read(repository, kind)
    if not found.order:
        raise BadInput(f"{kind}: nothing is in production by the tags; promote puts it there")
    present = found.order[-1]
    if to is not None:
        if to not in {move.release for move in found.moves}:
            raise BadInput(f"{to}: was never in production of {kind}; promote puts it there")
        return present, to
    if found.back_from and found.release == present:
        return present, present
    if found.before is None:
        raise BadInput(f"{present}: nothing that can be gone back to was in production before it")
    return present, found.before


def again(repository: Path, name: str) -> str:
    """What to say when a release was gone back to before."""
    found = Production.read(repository, name.split("@")[0])
    further = f"; --to {found.before} goes further back" if found.before else ""
    by = f" by {found.move.tag}" if found.move else ""
    return f"{name}: in production{by}, all is done{further}"


def deploy(repository: Path, name: str, image: str | None) -> int:
    """Have a release served, by the verb for that; its exit status."""
    # When it is needed: it brings what reaches a cluster.
    verb = import_module("infra.release.deploy")
    named = ["--image", image] if image else []
    status: int = verb.main([name, *named, "--repo", str(repository)])
    return status


def move(origin: Origin, present: str, target: str, because: str) -> None:
    """Move the tag from what was in production to the target, unless it is there.

    Raises Overtaken when something else is there by now.
    """
    refs = origin.fetch()
    tag = resolve(origin.repository, target)
    found = Production.read(origin.repository, tag.kind)
    if found.order[-1:] == [target]:
        return
    if found.order[-1:] != [present]:
        raise Overtaken(
            f"{found.release} came into production meanwhile, and {target} was deployed; see what "
            f"is deployed, then promote that or run this again"
        )
    print(f"{target}: in production by {put(origin, refs, tag, present, because)}")


if __name__ == "__main__":
    run(main)
