"""Makes a release again from its tag and its inputs, and says whether it is the same to the byte.

    python -m infra.release reproduce svd@v1.4.0
    python -m infra.release reproduce svd@v1.4.0 --keep /tmp/again   # and leave it there to look at
    python -m infra.release reproduce --any      # one of the origin by chance, but those taken back

The tag is cloned into a folder of its own, with a DVC cache of its own. From the remote comes what
was made of the closed days (the aggregates) and nothing else: raw days may have expired. Every
other stage runs, by the tag's code, and what it makes is compared with the tag's dvc.lock. The
repository is left as it is.

Exit status: 0 SAME, or `--any` of none; 1 DIFFERENT, with the outputs that differ and the libraries
that do; 2 the tag or its inputs cannot be had, or a stage failed.
"""

import argparse
import contextlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from infra.release.alone import in_turn
from infra.release.objects import Storage
from infra.release.options import manual, shared
from infra.release.origin import Origin
from infra.release.pipeline import LOCK, Pipeline
from infra.release.releases import live, versions_of
from infra.release.tag import Tag, check_repository, resolve
from infra.repository import environment, git
from infra.scratch import scratch
from infra.transfer import command
from movierec.cli import run
from movierec.errors import BadInput, Unavailable
from movierec.yamlfile import read_yaml

TAIL = 4
"""Lines of a failed step's output that are quoted."""


def main(arguments: list[str]) -> int:
    """Run the tag's stages; prints SAME or DIFFERENT, and what differs."""
    options = parse(arguments)
    check_repository(options.repo)
    if options.any:
        with in_turn(options.repo):
            Origin(options.repo, options.origin).fetch_if_any()
    name = by_chance(options.repo) if options.any else options.tag
    if name is None:
        print(f"{options.repo}: no release to make again")
        return 0
    tag = resolve(options.repo, name)
    then = Pipeline.read(options.repo, tag.commit, tag.name)
    with place(options.keep) as folder:
        work = clone(options.repo, tag, folder, options.remote)
        again(then, work, options.remote)
        now = read_yaml(work / LOCK, "a stage ended without one")
        stages = {name: stage for name, stage in now["stages"].items() if name in then.stages}
        made = Pipeline(tag.name, stages, then.files).outs()
        libraries = differing_libraries(then)
    return judge(tag, then.outs(), made, libraries)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("reproduce", __doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("tag", nargs="?", metavar="TAG", help="such as svd@v1.4.0")
    which.add_argument("--any", action="store_true", help="one by chance, as every night does")
    shared(parser, "repo", "origin", "remote")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="work there, a new folder, and leave it"
    )
    return parser.parse_args(arguments)


def by_chance(repository: Path) -> str | None:
    """The name of a release that was not taken back; None where there is none.

    Night after night that is every release in the end, and no single one can be prepared for.
    """
    names = live(repository, versions_of(repository))
    return random.choice(names) if names else None


@contextlib.contextmanager
def place(keep: Path | None) -> Iterator[Path]:
    """An empty folder to work in, which goes afterwards unless it was named."""
    if keep is None:
        with scratch("reproduce") as folder:
            yield folder
    elif keep.exists():
        raise BadInput(f"{keep}: is there already; name a new folder")
    else:
        keep.mkdir(parents=True)
        yield keep.resolve()


def clone(repository: Path, tag: Tag, folder: Path, remote: str | None) -> Path:
    """The tag's files in `folder`, with the repository's own DVC settings: a tag may be older than
    the remote's address."""
    work = folder / "work"
    git(folder, "clone", "--quiet", "--no-checkout", str(repository.resolve()), str(work))
    git(work, "checkout", "--quiet", "--detach", tag.commit)
    for name in ("config", "config.local"):
        if (theirs := repository / ".dvc" / name).is_file():
            shutil.copyfile(theirs, work / ".dvc" / name)
    if (repository / ".dvc").is_dir():
        used = Storage(repository, remote)
        if (folder_of_remote := used.folder()) is not None:  # which may be said from where it is
            dvc(work, "remote", "modify", "--local", used.used, "url", str(folder_of_remote))
    return work


def again(then: Pipeline, work: Path, remote: str | None) -> None:
    """Fetch what was made of the closed days, and run every stage behind that."""
    brought = then.brought()
    inputs = [out["path"] for stage in brought for out in then.stages[stage]["outs"]]
    first = sorted({s for s, path, _ in then.deps() if s not in brought and _reads(path, inputs)})
    if not inputs or not first:
        raise BadInput(f"{then.name}: no stage in its {LOCK} starts from closed days")
    pull = command.dvc("pull", *(["--remote", remote] if remote else []), *inputs)
    run_in(work, "dvc pull", pull)
    dvc(work, "repro", "--force", "--no-run-cache", "--downstream", *first)


def _reads(path: str, inputs: list[str]) -> bool:
    return any(i == path or i.startswith(f"{path}/") or path.startswith(f"{i}/") for i in inputs)


def dvc(work: Path, *arguments: str) -> None:
    """Run DVC on the tag's own code."""
    run_in(work, f"dvc {arguments[0]}", [sys.executable, "-m", "dvc", *arguments])


def run_in(work: Path, what: str, words: list[str]) -> None:
    """Run a command on the tag's own code. Raises Unavailable with its last words."""
    path = os.pathsep.join([str(work), str(work / "stages")])
    mine = environment()
    python = str(Path(sys.executable).parent)
    done = subprocess.run(
        words,
        cwd=work,
        env=mine | {"PYTHONPATH": path, "PATH": os.pathsep.join([python, mine.get("PATH", "")])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        said = " | ".join(done.stdout.strip().splitlines()[-TAIL:])
        raise Unavailable(f"{what} in a clone of the tag: {said}")


def differing_libraries(then: Pipeline) -> list[str]:
    """Libraries of the tag's stages that are installed here in another version."""
    told = then.params_of(set(then.stages)).get("stages/libraries.yaml", {})
    here = {name: _here(name) for name in told}
    return [f"{name} {told[name]}, here {here[name]}" for name in told if here[name] != told[name]]


def _here(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "none"


def judge(tag: Tag, then: dict[str, str], made: dict[str, str], libraries: list[str]) -> int:
    """Print the verdict; the exit status."""
    differ = sorted(path for path in then | made if then.get(path) != made.get(path))
    print(f"{tag.name}: {'DIFFERENT' if differ else 'SAME'}, {len(then)} outputs")
    for path in differ:
        print(f"{path}: was {then.get(path)}, now {made.get(path)}")
    for library in libraries if differ else []:
        print(f"library {library}")
    return 1 if differ else 0


if __name__ == "__main__":
    run(main)
