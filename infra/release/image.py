"""Makes the image of a release, and puts it into the registry.

    python -m infra.release image svd@v1.4.0            # movierec:svd-v1.4.0
    python -m infra.release image svd@v1.4.0 --push     # <IMAGES_REGISTRY>/movierec:svd-v1.4.0
    python -m infra.release image router --push         # its code: movierec-router:<commit>
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

What follows `--` are options of `docker build`.

Exit status: 0 made, and in the registry now or before; 2 something is to be mended, as the line
says; 3 somebody pushed another content under that name meanwhile.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from infra.registry.client import Pushed, Registry
from infra.registry.engine import Docker
from infra.registry.push import Image, Overtaken, inspect, push
from infra.registry.settings import ImagesSettings
from infra.release import code
from infra.release.code import Code
from infra.release.context import DOCKERFILE, make_context
from infra.release.tag import Tag, resolve
from movierec.cli import refuse, run
from movierec.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    """Make an image, and push it when that is asked for; the exit status."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options, given = parse(arguments[:at]), arguments[at + 1 :]
    # Before anything is built: a setting that is missing is told at once.
    registry = Registry(ImagesSettings.from_environment()) if options.push else None
    if options.what in code.KINDS:
        program = code.resolve(options.repo, options.what, options.commit)
        if registry is not None and (found := already(registry, program)):
            return tell(found, f"{program.image}: the registry has it already")
        name, identity = program.image, build_code(options.repo, program, given)
    else:
        tag = resolve(options.repo, options.what)
        name, identity = tag.image, build_release(options.repo, tag, given)
    print(name, identity, flush=True)
    return bring(registry, inspect(name, identity)) if registry is not None else 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="image",
        usage="image [-h] [--push] [--repo FOLDER] [--commit COMMIT] WHAT [-- OPTION …]",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", metavar="WHAT", help="a tag such as svd@v1.4.0, router, collector")
    parser.add_argument("--push", action="store_true", help="have it in the registry, too")
    parser.add_argument(
        "--repo", type=Path, default=ROOT, metavar="FOLDER", help="a git repository (this one)"
    )
    parser.add_argument(
        "--commit", default="HEAD", help="of router and collector; a tag has its own (HEAD)"
    )
    return parser.parse_args(arguments)


def build_release(repository: Path, tag: Tag, options: list[str]) -> str:
    """Build the image of a tag; its id."""
    with tempfile.TemporaryDirectory(prefix="movierec-image-") as folder:
        data_hash = make_context(repository, tag, Path(folder))
        return build(tag, data_hash, Path(folder), options)


def build(tag: Tag, data_hash: str, context: Path, options: list[str]) -> str:
    """Run `docker build` of a release; the image's id."""
    arguments = {
        "MODEL": tag.kind,
        "MODEL_VERSION": tag.name,
        "GIT_COMMIT": tag.commit,
        "DATA_HASH": data_hash,
        "CREATED": f"{tag.committed:%Y-%m-%dT%H:%M:%SZ}",
    }
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    return docker_build(tag, DOCKERFILE, context, [*options, *given])


def build_code(repository: Path, program: Code, options: list[str]) -> str:
    """Build the image of a program without a model; its id."""
    labels = [f"--label={name}={value}" for name, value in program.labels.items()]
    with tempfile.TemporaryDirectory(prefix="movierec-image-") as folder:
        code.make_context(repository, program, Path(folder))
        return docker_build(program, program.dockerfile, Path(folder), [*options, *labels])


def docker_build(what: Tag | Code, dockerfile: str, context: Path, options: list[str]) -> str:
    """Run `docker build`; the image's id. Raises Unavailable with its last words."""
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


def bring(registry: Registry, image: Image) -> int:
    """Have an image in the registry; the exit status."""
    try:
        found, new = push(registry, image)
    except Overtaken as error:
        refuse(error)
        return 3
    return tell(found, f"{image.name}: {'pushed' if new else 'the registry has it already'}")


def tell(found: Pushed, word: str) -> int:
    """Say how the registry calls an image, to whoever reads on; the word is for people."""
    print(word, file=sys.stderr, flush=True)
    print(found.reference)
    return 0


if __name__ == "__main__":
    run(main)
