"""Makes the image of a release: code and model of a git tag, and nothing of the work tree.

    python -m infra.release.image svd@v1.4.0            # movierec:svd-v1.4.0
    python -m infra.release.image svd@v1.4.0 --repo /srv/movierec.git -- --network host

The tag's commit says the code, its dvc.lock the model: what `dvc get` brings must have the lock's
hashes and load by the tag's own code. What follows `--` are options of `docker build`. The same tag
makes the same layers. Prints the image's name and id.
"""

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

from infra.release.context import DOCKERFILE, make_context
from infra.release.tag import Tag, resolve
from movierec.cli import run
from movierec.errors import Unavailable

ROOT = Path(__file__).resolve().parents[2]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def main(arguments: list[str]) -> int:
    """Make the image of one tag."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options = parse(arguments[:at])
    tag = resolve(options.repo, options.tag)
    with tempfile.TemporaryDirectory(prefix="movierec-image-") as folder:
        data_hash = make_context(options.repo, tag, Path(folder))
        identity = build(tag, data_hash, Path(folder), arguments[at + 1 :])
    print(tag.image, identity)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="image",
        usage="image [-h] [--repo FOLDER] TAG [-- OPTION …]",
        description=(__doc__ or "").split("\n")[0],
    )
    parser.add_argument("tag", metavar="TAG", help="such as svd@v1.4.0")
    parser.add_argument(
        "--repo", type=Path, default=ROOT, metavar="FOLDER", help="a git repository (this one)"
    )
    return parser.parse_args(arguments)


def build(tag: Tag, data_hash: str, context: Path, options: list[str]) -> str:
    """Run `docker build`; the image's id. Raises Unavailable with its last words."""
    arguments = {
        "MODEL": tag.kind,
        "MODEL_VERSION": tag.name,
        "GIT_COMMIT": tag.commit,
        "DATA_HASH": data_hash,
        "CREATED": f"{tag.committed:%Y-%m-%dT%H:%M:%SZ}",
    }
    given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
    command = ["docker", "build", "--quiet", *options, *given, f"--tag={tag.image}"]
    try:
        done = subprocess.run(
            [*command, "--file", str(context / DOCKERFILE), str(context)],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        raise Unavailable("no `docker` is installed: install an engine and its client") from None
    if done.returncode:
        said = COLOURS.sub("", done.stdout + done.stderr).strip().splitlines()
        raise Unavailable(f"{tag.name}: docker build failed: {' | '.join(said[-2:])}")
    return done.stdout.strip()


if __name__ == "__main__":
    run(main)
