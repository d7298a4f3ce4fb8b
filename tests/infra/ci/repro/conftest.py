"""A pipeline of three stages, two of which do not wait for each other."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.repository import environment, git

ROOT = Path(__file__).resolve().parents[4]
PIPELINE = """\
stages:
  deal:
    foreach: [a, b]
    do:
      cmd: sh deal.sh ${item}
      deps: [deal.sh, given]
      outs: ["dealt/${item}"]
  join:
    cmd: cat dealt/a dealt/b > joined
    deps: [dealt]
    metrics: [joined: {cache: false}]
"""
DEAL = """\
item=$1
[ -z "$MEANWHILE" ] || eval "$MEANWHILE"
mkdir -p dealt; echo "$item of $(cat given)" > "dealt/$item"
"""
FILES = {
    "dvc.yaml": PIPELINE,
    "deal.sh": DEAL,
    "given": "cards\n",
    ".gitignore": "/dealt/\n/joined\n",
}


@dataclass
class Project:
    """A folder with that pipeline, which DVC has not run."""

    folder: Path

    def begin(self) -> None:
        self.folder.mkdir()
        for name, text in FILES.items():
            (self.folder / name).write_text(text)
        git(self.folder, "init", "--quiet")
        self.run("dvc", "init", "--quiet").check_returncode()

    def command(self, *arguments: str, meanwhile: str = "") -> tuple[list[str], dict[str, str]]:
        """A module's command line, and its environment; `meanwhile` is what each `deal` does."""
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        ours = {"PYTHONPATH": f"{ROOT / 'stages'}:{ROOT}", "PATH": path, "MEANWHILE": meanwhile}
        return [sys.executable, "-m", *arguments], environment() | ours | {"SHELL": "/bin/sh"}

    def run(self, *arguments: str, meanwhile: str = "") -> subprocess.CompletedProcess[str]:
        command, variables = self.command(*arguments, meanwhile=meanwhile)
        return subprocess.run(
            command, cwd=self.folder, env=variables, capture_output=True, text=True
        )

    def start(self, *arguments: str, meanwhile: str = "") -> subprocess.Popen[bytes]:
        command, variables = self.command(*arguments, meanwhile=meanwhile)
        return subprocess.Popen(
            command, cwd=self.folder, env=variables,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def lock(self) -> str:
        return (self.folder / "dvc.lock").read_text()

    def made(self) -> dict[str, bytes]:
        """What the stages wrote, and dvc.lock."""
        names = ("dealt/a", "dealt/b", "joined", "dvc.lock")
        return {name: (self.folder / name).read_bytes() for name in names}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path / "project")
    made.begin()
    return made


@pytest.fixture(scope="session")
def serial(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one `dvc repro` makes of it."""
    made = Project(tmp_path_factory.mktemp("serial") / "project")
    made.begin()
    made.run("dvc", "repro").check_returncode()
    return made.made()
