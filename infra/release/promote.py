"""Says that a release is in production: pushes the next tag `svd#prod#N` of the registry (GTO).

    python -m infra.release promote svd@v1.4.0
    python -m infra.release promote svd@v1.4.0 --again   # though it was rolled back from

Where it stands: register, image --push, deploy, promote. It deploys nothing and looks at no
cluster, image or data: deploy did, and a release is promoted when that ended well. What is in
production by the tags is what the gate compares with (incumbent), and what rollback goes back from.

The release must be on the origin and not taken back (`svd@v1.4.0!`). One that was rolled back from
is refused until --again says that it is meant, so that no nightly run brings it back by itself.

Run it again after whatever stopped it: what is in production already gets no second tag.

Exit status: 0 in production, now or before; 1 it was rolled back from; 2 something is to be mended,
as the line says; 3 somebody else promoted another release meanwhile.
"""

import argparse

from infra.release.alone import in_turn
from infra.release.options import manual, shared
from infra.release.origin import Origin, Overtaken
from infra.release.production import Production, put
from infra.release.tag import Tag, check_repository, resolve
from movierec.cli import refuse, run


def main(arguments: list[str]) -> int:
    """Promote one release; prints the tag that says so."""
    options = parse(arguments)
    check_repository(options.repo)
    with in_turn(options.repo):
        try:
            return promote(Origin(options.repo, options.origin), options.tag, options.again)
        except Overtaken as error:
            refuse(error)
            return 3


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("promote", __doc__)
    parser.add_argument("tag", metavar="TAG", help="such as svd@v1.4.0")
    parser.add_argument("--again", action="store_true", help="also what was rolled back from")
    shared(parser, "repo", "origin")
    return parser.parse_args(arguments)


def promote(origin: Origin, name: str, again: bool) -> int:
    """Put a release of the origin's in production; the exit status.

    Raises Overtaken when somebody put another one there since the origin was asked: which of the
    two is deployed last, and so which tag is right, is not to be known here.
    """
    refs = origin.fetch()
    tag = resolve(origin.repository, name)
    found = Production.read(origin.repository, tag.kind)
    if found.release == name:
        return done(tag, found)
    if name in found.given_up and not again:
        print(f"{name}: was rolled back from, stays out of production; --again puts it back")
        return 1
    try:
        moved = put(origin, refs, tag)
    except Overtaken:
        origin.fetch()
        found = Production.read(origin.repository, tag.kind)
        if found.release != name:
            raise Overtaken(
                f"{found.release} came into production meanwhile; see what is deployed, then "
                f"promote that"
            ) from None
        return done(tag, found)
    print(f"{name}: in production by {moved}, before: {found.release or 'nothing'}")
    return 0


def done(tag: Tag, found: Production) -> int:
    """Say that a release is in production already; the exit status."""
    move = found.move
    by = f" since {move.at:%Y-%m-%d %H:%M}Z, by {move.tag}" if move else ""
    print(f"{tag.name}: in production{by}; all is done")
    return 0


if __name__ == "__main__":
    run(main)
