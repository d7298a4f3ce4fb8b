"""Proves that the data of releases is on the DVC remote: reads every object there, and hashes it.

    python -m infra.release verify            # every release of the origin, but those taken back
    python -m infra.release verify svd@v1.4.0 svdpp@v1.4.0
    python -m infra.release verify --remote store         # a DVC remote that is not the default

For each tag: how many objects its dvc.lock names (outputs, and the files of those that are
folders), and how many of them are on the remote with the content that they are named by. An object
that several releases share is read once. Changes nothing. The repository's own DVC settings say
where the remote is, not those of the tag.

Exit status: 0 all is there; 1 something is missing or damaged, and named; 2 the remote, the origin
or a tag cannot be had.
"""

import argparse

from infra.release.alone import in_turn
from infra.release.objects import Storage
from infra.release.options import manual, shared
from infra.release.origin import Origin
from infra.release.pipeline import Pipeline
from infra.release.releases import live, versions_of
from infra.release.tag import check_repository, resolve
from movierec.cli import run


def main(arguments: list[str]) -> int:
    """Print a line for each release, then what is wrong with which object."""
    options = parse(arguments)
    check_repository(options.repo)
    if not options.tags:
        with in_turn(options.repo):
            Origin(options.repo, options.origin).fetch_if_any()
    names = options.tags or live(options.repo, versions_of(options.repo))
    commits = {name: resolve(options.repo, name).commit for name in names}
    remote = Storage(options.repo, options.remote).remote
    width = max(map(len, ["release", *names]))
    print(f"{'release':<{width}}  objects   good  verdict")
    wrong: dict[str, str] = {}
    kept: dict[str, dict[str, str]] = {}
    for name, commit in commits.items():
        if commit not in kept:
            kept[commit] = Pipeline.read(options.repo, commit, name).kept()
        outs = kept[commit]
        faults = remote.faults(outs)
        total = remote.count(outs)
        verdict = "not whole" if faults else "whole"
        print(f"{name:<{width}}  {total:>7}  {total - len(faults):>5}  {verdict}")
        paths = paths_of(remote.files_in(outs))
        for object_, why in faults.items():
            wrong[object_] = f"{why}: {remote.where(object_)} ({paths[object_]})"
    for line in wrong.values():
        print(line)
    print(f"{remote.name}: {remote.bytes:,} bytes read")
    return 1 if wrong else 0


def paths_of(files: dict[str, str]) -> dict[str, str]:
    """object → the first path that it stands for."""
    return {object_: path for path, object_ in reversed(files.items())}


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("verify", __doc__)
    parser.add_argument("tags", nargs="*", metavar="TAG", help="such as svd@v1.4.0 (all)")
    shared(parser, "repo", "origin", "remote")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    run(main)
