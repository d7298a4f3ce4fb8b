"""Makes the image of a release, and puts it into the registry.

    python -m infra.release image svd@v1.4.0            # movierec:svd-v1.4.0
    python -m infra.release image svd@v1.4.0 --push     # <IMAGES_REGISTRY>/movierec:svd-v1.4.0
    python -m infra.release image router --push         # its code: movierec-router:<commit>
    python -m infra.release image svd@v1.4.0 --sbom svd.cdx.json
    python -m infra.release image svd@v1.4.0 --repo /srv/movierec.git -- --network host

Code and model are those of the git tag, and nothing is of the work tree. The tag's commit says the
code, its dvc.lock the model: what `dvc get` brings must have the lock's hashes and load by the
tag's own code. The same tag makes the same layers. `router` and `collector` have no model: their
images are called by the commit, HEAD or that of --commit, and made of it alone.

Prints the image's name and id; with --push then, in a line of its own, how the registry calls it
for ever: `registry/movierec@sha256:…`. Variables IMAGES_… say which registry that is, and who asks:
`python -m infra.registry.settings` lists them. A name keeps its content there: what the registry
has already is left alone, and another content under its name refused. Killed at any moment, it is
run again: it finishes.

--sbom writes what is in the image, in CycloneDX, to be kept beside the build: with --push, of the
image that the registry has.

What follows `--` are options of `docker build`.

Exit status: 0 made, and in the registry now or before; 2 something is to be mended, as the line
says; 3 somebody pushed another content under that name meanwhile.
"""

import argparse
import sys
from pathlib import Path

from infra.registry.client import Pushed, Registry
from infra.registry.engine import Docker
from infra.registry.push import Overtaken, inspect, push, take
from infra.registry.settings import ImagesSettings
from infra.release import code
from infra.release.code import Code
from infra.release.context import DOCKERFILE, make_context
from infra.release.explaining.provenance import days_behind
from infra.release.options import manual, shared
from infra.release.sbom import write_sbom
from infra.release.tag import Tag, resolve
from infra.scratch import scratch
from movierec.cli import refuse, run
from movierec.errors import BadInput


def main(arguments: list[str]) -> int:
    """Make an image, and push it when that is asked for; the exit status."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options, given = parse(arguments[:at]), arguments[at + 1 :]
    # Before anything is built: a setting that is missing is told at once.
    registry = Registry(ImagesSettings.from_environment()) if options.push else None
    what = meant(options)
    try:
        made = make(what, options.repo, given, registry)
    except Overtaken as error:
        refuse(error)
        return 3
    if options.sbom:
        if registry is not None:
            take(registry, made)
        write_sbom(inspect(what.image, made), options.sbom)
    return 0


def meant(options: argparse.Namespace) -> Tag | Code:
    """What the command line names."""
    if options.what in code.KINDS:
        return code.resolve(options.repo, options.what, options.commit)
    return resolve(options.repo, options.what)


def make(what: Tag | Code, repository: Path, given: list[str], registry: Registry | None) -> str:
    """Have an image in Docker's engine, and in a registry if there is one; what the engine knows it
    by then."""
    found, new = (already(registry, what) if registry and isinstance(what, Code) else None), False
    if found is None:
        identity = build(what, repository, given)
        print(what.image, identity, flush=True)
        if registry is None:
            return identity
        found, new = push(registry, inspect(what.image, identity))
    word = "pushed" if new else "the registry has it already"
    print(f"{what.image}: {word}", file=sys.stderr, flush=True)
    print(found.reference, flush=True)
    return found.reference


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual(
        "image",
        __doc__,
        "image [-h] [--push] [--sbom FILE] [--repo FOLDER] [--commit NAME] WHAT [-- …]",
    )
    parser.add_argument("what", metavar="WHAT", help="a tag such as svd@v1.4.0, router, collector")
    parser.add_argument("--push", action="store_true", help="have it in the registry, too")
    parser.add_argument("--sbom", type=Path, metavar="FILE", help="write what is in it")
    shared(parser, "repo")
    parser.add_argument(
        "--commit",
        default="HEAD",
        metavar="NAME",
        help="of router and collector; a tag has its own (HEAD)",
    )
    return parser.parse_args(arguments)


def build(what: Tag | Code, repository: Path, options: list[str]) -> str:
    """Run `docker build` in a folder made of a commit; the image's id."""
    with scratch("image") as folder:
        if isinstance(what, Code):
            code.make_context(repository, what, folder)
            own = [f"--label={name}={value}" for name, value in what.labels.items()]
            return docker_build(what, what.dockerfile, folder, [*options, *own])
        data_hash = make_context(repository, what, folder)
        data_day = max(days_behind(repository, what), default="")
        told = build_arguments(what, data_hash, data_day)
        own = [f"--build-arg={k}={v}" for k, v in told.items()]
        return docker_build(what, DOCKERFILE, folder, [*options, *own])


def build_arguments(tag: Tag, data_hash: str, data_day: str) -> dict[str, str]:
    """What the Dockerfile of the service is told of a release."""
    return {
        "MODEL": tag.kind,
        "MODEL_VERSION": tag.name,
        "GIT_COMMIT": tag.commit,
        "DATA_HASH": data_hash,
        "DATA_DAY": data_day,
        "CREATED": f"{tag.committed:%Y-%m-%dT%H:%M:%SZ}",
    }


def docker_build(what: Tag | Code, dockerfile: str, context: Path, options: list[str]) -> str:
    """The image's id. Raises Unavailable with Docker's last words."""
    files = ["--file", str(context / dockerfile), str(context)]
    command = ["build", "--quiet", *options, f"--tag={what.image}", *files]
    return Docker().run(*command, about=f"{what.name}: docker build")


def already(registry: Registry, program: Code) -> Pushed | None:
    """What the registry has of a program's commit. Built anew it would be other bytes, by the day's
    Debian packages: what is there stays. Raises BadInput when that is of another commit."""
    found = registry.look(program.image)
    if found is not None and (found.commit, found.version) != (program.commit, program.commit):
        raise BadInput(f"{found.reference} is called {program.image}, and of {found.commit!r}")
    return found


if __name__ == "__main__":
    run(main)
