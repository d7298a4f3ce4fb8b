"""Releases of retrained models, to be built and rolled out: a repository, tags, and their data.

    python -m infra.demo.releases --versions v1.0.0 v1.1.0 v1.2.0

Starts from what `make demo` trained, and from the project's files as they stand. In
`.demo/releases` it makes a bare repository with a commit and the tags `svd@<version>` and
`svdpp@<version>` for each version, and the DVC remote that holds their models. Each version is
trained from seeds of its own: other factors, other lists. Evaluation and gate stay the demo's: what
is tried with these is how a model comes to its users, not whether it should.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from infra.demo import workspace
from infra.processes import Processes
from infra.repository import git
from movierec.cli import run
from movierec.errors import BadInput
from movierec.files import write_text
from movierec.models.kinds import KINDS
from movierec.yamlfile import read_yaml

ROOT = Path(__file__).resolve().parents[2]
REPOSITORY = "repository.git"
REMOTE = "[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = {}\n"
SEEDED = (*KINDS, "uptake")
"""What has a seed in `train`: a list is made of a rating and of the uptake."""


def main(arguments: list[str]) -> int:
    """Make the releases; prints the repository and each tag."""
    options = parse(arguments)
    repository = make_releases(options.workspace, options.output, options.versions)
    print(repository)
    for tag in git(repository, "tag", "--list").split():
        print(tag)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(prog="releases", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--versions", nargs="+", default=["v1.0.0", "v1.1.0"])
    parser.add_argument("--workspace", type=Path, default=ROOT / ".demo/workspace")
    parser.add_argument("--output", type=Path, default=ROOT / ".demo/releases", metavar="FOLDER")
    return parser.parse_args(arguments)


def make_releases(trained: Path, folder: Path, versions: Sequence[str], root: Path = ROOT) -> Path:
    """Make `folder` anew with a release of each kind for each of `versions`; the bare repository.

    `trained` is a workspace that was committed when its dataset was made; nothing in it changes.
    `root` has the files of the releases. Raises BadInput when nothing is trained, Unavailable when
    a step fails.
    """
    trained, folder = trained.absolute(), folder.absolute()
    if not (trained / "data/dataset").is_dir():
        raise BadInput(f"{trained}: nothing is trained there; run `make demo`")
    shutil.rmtree(folder, ignore_errors=True)
    repository, work, store = folder / REPOSITORY, folder / "work", folder / "store"
    store.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch", "main", REPOSITORY)
    git(folder, "clone", "--quiet", "--no-tags", str(trained), str(work))
    git(work, "config", "commit.gpgSign", "false")
    git(work, "remote", "set-url", "origin", str(repository))
    workspace.prepare(root, work)
    write_text(work / ".dvc/config", REMOTE.format(store))
    with Processes(work, folder / "logs", workspace.environment(work)) as processes:
        dvc(processes, "config", "--local", "cache.dir", str(trained / ".dvc/cache"))
        dvc(processes, "checkout", "data/dataset")
        dvc(processes, "config", "--local", "cache.dir", str(folder / "cache"))
        for version in versions:
            release(work, version, processes)
    return repository


def release(work: Path, version: str, processes: Processes) -> None:
    """Train both kinds from the next seeds, commit, push the data, then the tags: a tag exists
    only when its data can be had."""
    stages = ["uptake", *(f"train@{kind}" for kind in KINDS)]
    set_next_seeds(work / "params.yaml")
    dvc(processes, "repro", "--single-item", *stages)
    workspace.commit(work, f"Train for {version}")
    dvc(processes, "push", *stages)
    for kind in KINDS:
        message = f"Registering artifact {kind} version {version}"  # as `gto register` writes it
        git(work, *workspace.author(work), "tag", "-a", "-m", message, f"{kind}@{version}")
    git(work, "push", "--quiet", "origin", "HEAD:main", "--tags")


def set_next_seeds(params: Path) -> None:
    """Let params.yaml train from the seeds behind its own."""
    document = read_yaml(params, "the workspace's params.yaml was cloned there")
    for name in SEEDED:
        document["train"][name]["seed"] += 1
    write_text(params, yaml.safe_dump(document, sort_keys=False))


def dvc(processes: Processes, *arguments: str) -> None:
    processes.run(f"dvc-{arguments[0]}", [sys.executable, "-m", "dvc", *arguments])


if __name__ == "__main__":
    run(main)
