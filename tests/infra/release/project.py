"""A project that is released in seconds: DVC, git, an origin, a remote, and stages of two lines."""

import io
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvc.repo import Repo

import infra.release.__main__ as program
from infra.repository import environment, git
from movierec import cli
from movierec.dataset.onlinefile import OnlineDay, read_online, write_online

DAYS = ("2026-11-01", "2026-11-02")

PIPELINE = """\
vars: [data/window.yaml, data/online/window.yaml]
stages:
  aggregate:
    foreach: ${days}
    do:
      cmd: sh stages/aggregate.sh ${item}
      deps: ["data/movielog/days/${item}", stages/aggregate.sh]
      outs: ["data/aggregates/${item}"]
  preprocess:
    cmd: mkdir -p data/dataset && cat data/aggregates/*/rows > data/dataset/rows
    deps: [data/window.yaml, data/aggregates]
    outs: [data/dataset]
  train:
    foreach: [svd, svdpp]
    do:
      cmd: sh stages/train.sh ${item}
      deps: [data/dataset, stages/train.sh, stages/code]
      params: [train.form, "train.${item}"]
      outs: ["models/${item}"]
  evaluate:
    foreach: [svd, svdpp]
    do:
      cmd: >-
        mkdir -p metrics && wc -c models/${item}/rows
        | awk '{print "{\\"rmse\\": " $1 "}"}' > metrics/${item}.json
      deps: ["models/${item}"]
      metrics: [{"metrics/${item}.json": {cache: false}}]
  gate:
    cmd: mkdir -p reports && cp verdict.json reports/gate.json
    deps: [metrics/svd.json, metrics/svdpp.json, verdict.json]
    outs: [{reports/gate.json: {cache: false}}]
  online:
    foreach: ${online_days}
    do:
      cmd: sh stages/online.sh ${key}
      deps:
        - data/movielog/days/${key}
        - data/served/days/${key}
        - ${item.movielog_before}
        - ${item.served_before}
        - stages/online.sh
      outs: ["data/online/days/${key}", {"metrics/online/${key}.json": {cache: false}}]
  online_merge:
    cmd: mkdir -p metrics && find data/online -type f | sort | wc -l > metrics/online.json
    deps: [data/online]
    outs: [{metrics/online.json: {cache: false}}]
artifacts:
  svd: {path: models/svd, type: model}
  svdpp: {path: models/svdpp, type: model}
"""
FILES = {
    ".dvc/config": "[core]\n    analytics = false\n    remote = store\n"
    "['remote \"store\"']\n    url = ../../store\n",
    ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
    ".gitignore": "/data/*\n!/data/window.yaml\n!/data/online/\n/data/online/*\n"
    "!/data/online/window.yaml\n/models/\n/reports/*\n!/reports/gate.json\n",
    "dvc.yaml": PIPELINE,
    "params.yaml": "train:\n  form: toy/1\n  svd: {n_factors: 4}\n  svdpp: {n_factors: 5}\n",
    "data/window.yaml": f'days: ["{DAYS[0]}", "{DAYS[1]}"]\nwritten: "2026-11-03"\n',
    "data/online/window.yaml": "online_days: {}\n",
    "stages/online.sh": "mkdir -p data/online/days/$1 metrics/online\n"
    "cp data/served/days/$1/lines data/online/days/$1/sums\n"
    'echo "{\\"days\\": [\\"$1\\"], \\"open\\": false}" > metrics/online/$1.json\n',
    "stages/code/a.txt": "a folder that a stage reads\n",
    "stages/aggregate.sh": "mkdir -p data/aggregates/$1\n"
    "tr a-z A-Z < data/movielog/days/$1/lines > data/aggregates/$1/rows\n",
    "stages/train.sh": """\
mkdir -p models/$1
{ grep "^  $1:" params.yaml; cat data/dataset/rows; } > models/$1/rows
form=$(sed -n 's/^  form: //p' params.yaml)
echo "{\\"format\\": \\"$form\\", \\"data_hash\\": \\"d\\", \\"hyperparameters\\": {\\"n\\": 4}}" \\
  > models/$1/manifest.json
""",
}


WRITE = "fetch read-tree add write-tree commit-tree mktag push update-ref reset"
"""What git does that changes something: all that a release asks of it."""


@dataclass
class Ended:
    """How a verb ended; the number of the signal, negative, when one killed it."""

    status: int
    output: str


@dataclass
class Running:
    """A verb that runs: its process, and the file that its output goes to."""

    pid: int
    output: Path

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def end(self) -> Ended:
        """Wait for its end."""
        _, status = os.waitpid(self.pid, 0)
        return Ended(os.waitstatus_to_exitcode(status), self.output.read_text(errors="replace"))


_numbers = itertools.count()


def _run(verb: str, arguments: list[str], die_before: int, before: Callable[[], object]) -> int:
    """Run a verb in this process; its status. Counts the calls that it makes."""
    calls = itertools.count()

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def do(*given: Any, **named: Any) -> Any:
            if (isinstance(given[0], Repo) or given[0][1] in WRITE.split()) and next(
                calls
            ) == die_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return do

    subprocess.run = counted(subprocess.run)
    Repo.push = counted(Repo.push)
    sys.argv = ["release", verb, *arguments]
    try:
        before()
        cli.run(program.main)
    except SystemExit as ended:
        return int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        return 99


class Project:
    """`<folder>/work`, a clone of `<folder>/origin.git`; its DVC remote is `<folder>/store`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.origin = folder / "origin.git"
        self.store = folder / "store"
        self.outputs = folder
        """Where what verbs print goes."""

    def begin(self) -> None:
        """Make it; run its pipeline, commit that, and run it again on other data."""
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch", "main", "origin.git")
        git(self.folder, "init", "--quiet", "--initial-branch", "main", "work")
        for name, value in {"user.name": "T", "user.email": "t@localhost"}.items():
            git(self.work, "config", name, value)
        git(self.work, "config", "commit.gpgSign", "false")
        git(self.work, "remote", "add", "origin", "../origin.git")
        for name, text in FILES.items():
            self.write(name, text)
        self.judge(svd=True, svdpp=True)
        for day in DAYS:
            self.write(f"data/movielog/days/{day}/lines", f"lines of {day}\n")
        self.repro()
        self.commit("Begin")
        git(self.work, "push", "--quiet", "--set-upstream", "origin", "main")
        self.write(f"data/movielog/days/{DAYS[1]}/lines", "lines that came in the night\n")
        shutil.rmtree(self.work / ".dvc/cache")
        self.repro()

    def copy(self, folder: Path) -> "Project":
        """The same in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Project(folder)

    def write(self, name: str, text: str) -> None:
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def judge(self, **kinds: bool) -> None:
        """What the gate will say; of a kind that is refused, that its RMSE is bad."""
        said = {k: {"pass": ok, "reasons": [] if ok else ["bad RMSE"]} for k, ok in kinds.items()}
        self.write("verdict.json", json.dumps(said))

    def answer(self, day: str) -> None:
        """A day's answers are closed, and to be judged with those of the days that are already."""
        self.write(f"data/served/days/{day}/lines", f"answers of {day}\n")
        days = read_online(self.work / "data/online/window.yaml")
        days.append(OnlineDay(day, {"movielog": day, "served": day}))
        write_online(self.work / "data/online/window.yaml", days)

    def commit(self, message: str) -> None:
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message", message)

    def repro(self) -> None:
        """`dvc repro`."""
        done = subprocess.run(
            [sys.executable, "-m", "dvc", "repro", "--quiet"],
            cwd=self.work,
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def release(
        self,
        verb: str,
        *arguments: str,
        die_before: int = -1,
        before: Callable[[], object] = lambda: None,
    ) -> Ended:
        """Run a verb to its end. With `die_before` it is killed when it is about to run that call,
        from 0, of those that change something; `before` runs in its process first."""
        return self.start(verb, *arguments, die_before=die_before, before=before).end()

    def start(
        self,
        verb: str,
        *arguments: str,
        die_before: int = -1,
        before: Callable[[], object] = lambda: None,
    ) -> Running:
        """Start what `release` runs, in a process of its own, forked off this one, as importing
        takes longer than a release."""
        given = ["--repo", str(self.work), *arguments]
        output = self.outputs / f"output-{next(_numbers)}"
        with output.open("w") as file:
            if (child := os.fork()) == 0:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
                files = (os.fdopen(number, "wb", 0) for number in (1, 2))
                sys.stdout, sys.stderr = (io.TextIOWrapper(f, write_through=True) for f in files)
                os._exit(_run(verb, given, die_before, before))
        return Running(child, output)

    def tags(self) -> list[str]:
        """Those that the origin has."""
        return git(self.origin, "tag", "--list").split()

    def objects(self, place: Path) -> list[Path]:
        """The files of a cache or a remote."""
        return sorted(p for p in (place / "files/md5").rglob("*") if p.is_file())
