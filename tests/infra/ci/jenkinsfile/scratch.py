"""A project that Jenkins builds in a test: an origin, a workspace, the collector's days, commands
before heavy ones; and a build of it by the stand-in for Jenkins."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from infra.repository import environment, git
from tests.infra.ci.jenkinsfile.built import Built
from tests.infra.ci.jenkinsfile.instead import CURL, QUICK, QUICK_DVC, STANDS_IN
from tests.infra.release.project import FILES

JAVA = ("java", "-XX:TieredStopAtLevel=1")  # it runs for seconds
ROOT = Path(__file__).resolve().parents[4]
DAYS = ("2026-11-01", "2026-11-02")
SECRETS = {
    "movierec-git": {"username": "jenkins", "password": "canary-git"},
    "movierec-s3": {"username": "key", "password": "canary-s3"},
    "movierec-registry": {"username": "jenkins", "password": "canary-registry"},
    "movierec-rancher": {"secret": "canary-rancher"},
    "movierec-webhook": {"secret": "https://slack.invalid/canary-slack"},
}
"""Credentials; no letter of their secrets may be in what a build prints or keeps."""
TESTS = {
    "data-quality": "tests/movierec/lines",
    "data-collection": "tests/serve/collector",
    "preprocessing": "tests/movierec/dataset",
    "training-and-offline-evaluation": "tests/movierec/models",
    "online-evaluation": "tests/serve/service",
}
DRIFT = {
    "cmd": "mkdir -p reports && cat data/aggregates/*/rows | wc -l > reports/drift.json",
    "deps": ["data/window.yaml", "data/aggregates"],
    "outs": [{"reports/drift.json": {"cache": False}}],
}
BASELINES = {
    "cmd": "mkdir -p reports && wc -c < data/dataset/rows > reports/baselines.json",
    "deps": ["data/dataset"],
    "outs": [{"reports/baselines.json": {"cache": False}}],
}
"""The stages that a night runs beside what the releases' own tests have."""
CONFIG = """\
[core]
    analytics = false
    remote = store
['remote "store"']
    url = ../../store-of-dvc
"""


@dataclass
class Scratch:
    """`origin.git`, `workspace`, `store` (the collector's), `programs` (what goes before PATH)."""

    folder: Path
    classpath: str
    """Of the stand-in for Jenkins."""
    instead: dict[str, str] = field(default_factory=lambda: dict(STANDS_IN))
    dvc: str = f'exec {sys.executable} -m dvc "$@"\n'
    builds: int = 0

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def origin(self) -> Path:
        return self.folder / "origin.git"

    def begin(self) -> None:
        """An origin with the pipeline in seconds, this project's Jenkinsfile and infra/."""
        git(self.folder, "init", "--quiet", "--bare", "--initial-branch", "master", "origin.git")
        seed = self.clone("seed")
        for name, text in {**FILES, ".dvc/config": CONFIG}.items():
            write(seed / name, text)
        kept = "!/data/incumbent.json\n!/reports/drift.json\n!/reports/baselines.json\n"
        ignored = f"{FILES['.gitignore']}{kept}/.cache/\n/.venv/\n__pycache__/\n"
        write(seed / ".gitignore", ignored)
        pipeline = yaml.safe_load(FILES["dvc.yaml"])
        pipeline["stages"] |= {"drift": DRIFT, "baselines": BASELINES}
        pipeline["stages"]["gate"]["deps"].append("reports/baselines.json")
        write(seed / "dvc.yaml", yaml.safe_dump(pipeline, sort_keys=False))
        passed = {kind: {"pass": True, "reasons": []} for kind in ("svd", "svdpp")}
        write(seed / "verdict.json", json.dumps(passed))
        for folder in TESTS.values():
            write(seed / folder / "test_it.py", "def test_it() -> None:\n    assert True\n")
        for name in ("Jenkinsfile", "Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, seed / name)
        shutil.copytree(
            ROOT / "infra", seed / "infra", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copytree(
            ROOT / "serve", seed / "serve", ignore=shutil.ignore_patterns("__pycache__")
        )
        params = yaml.safe_load((ROOT / "params.yaml").read_text())
        told = {"online": params["online"], "expire": {"keep_days": 36500}}
        write(seed / "params.yaml", FILES["params.yaml"] + yaml.safe_dump(told))
        self.push(seed, "Begin")
        write(self.folder / "dvc-settings", f"[cache]\n    dir = {self.folder}/cache\n")
        for day in DAYS:
            self.close(day)

    def close(self, day: str) -> None:
        """A day that the collector has closed."""
        for topic in ("movielog", "served"):
            folder = self.folder / "store" / topic / "days" / day
            write(folder / "lines", f"lines of {day}\n")
            write(folder / "manifest.json", "{}")

    def clone(self, name: str) -> Path:
        """Another clone of the origin, of a person."""
        git(self.folder, "clone", "--quiet", str(self.origin), name)
        for key, value in {"user.name": "T", "user.email": "t@localhost"}.items():
            git(self.folder / name, "config", key, value)
        return self.folder / name

    def push(self, clone: Path, message: str) -> None:
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--message", message)
        git(clone, "push", "--quiet", "origin", "HEAD:master")

    def check_out(self) -> None:
        """As Jenkins does: the commit and no branch, in the workspace that is there."""
        if not self.workspace.exists():
            git(self.folder, "clone", "--quiet", "--no-checkout", str(self.origin), "workspace")
        git(self.workspace, "fetch", "--quiet", "--no-tags", "origin")
        git(self.workspace, "checkout", "--quiet", "--force", "--detach", "origin/master")

    def build(
        self,
        branch: str = "master",
        aborts_at: Path | None = None,
        dies_at: Path | None = None,
        **variables: str,
    ) -> Built:
        """Check the newest commit out, and build it as a branch. When `aborts_at` comes about
        somebody aborts the build; when `dies_at` does, Jenkins itself is killed."""
        self.builds += 1
        self.check_out()
        kept = self.folder / f"builds/{self.builds}"
        kept.mkdir(parents=True)
        self.stand_in()
        scenario = {
            "jenkinsfile": str(self.workspace / "Jenkinsfile"),
            "workspace": str(self.workspace),
            "folder": str(kept),
            "credentials": SECRETS,
            "abortsAt": str(aborts_at) if aborts_at else None,
            "env": {
                "BRANCH_NAME": branch,
                "JOB_NAME": f"movierec/{branch}",
                "BUILD_NUMBER": str(self.builds),
                "JENKINS_URL": "https://jenkins.invalid/",
                "BUILD_URL": f"https://jenkins.invalid/{self.builds}",
                "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
                "PYTHONPATH": f"{ROOT / 'stages'}:{ROOT}",
                "MOVIEREC_STORE": str(self.folder / "store"),
                "MOVIEREC_DVC": str(self.folder / "dvc-settings"),
                "DEPLOY_ROUTER": "https://router.invalid",
                "DEPLOY_USERS": "7,8",
                **variables,
            },
        }
        write(kept / "scenario.json", json.dumps(scenario))
        command = [*JAVA, "-cp", self.classpath, "Harness", str(kept / "scenario.json")]
        with (
            (kept / "own").open("w") as own,
            subprocess.Popen(command, env=environment(), stdout=own, stderr=own) as jenkins,
        ):
            while dies_at and jenkins.poll() is None:
                if dies_at.exists():
                    jenkins.kill()
                time.sleep(0.02)
        said = (kept / "own").read_text()
        assert jenkins.returncode == (-signal.SIGKILL if dies_at else 0), said
        (kept / "scenario.json").unlink()
        (kept / "askpass.sh").unlink(missing_ok=True)
        events = [json.loads(line) for line in (kept / "events.jsonl").read_text().splitlines()]
        built = Built(kept, events, (kept / "log").read_text())
        assert "refused" not in events[-1], events[-1]
        for path in built.kept():
            assert b"canary" not in path.read_bytes(), f"a secret is in {path}"
        return built

    def stand_in(self) -> None:
        """The commands that stand before the real ones: `make setup` makes an environment whose
        `python` is this one, but for what is done `instead`."""
        cases = "\n".join(
            f"  {pattern.replace(' ', chr(92) + ' ')})\n{does} ;;"
            for pattern, does in self.instead.items()
        )
        said = f'echo "$*" >> {self.folder}/asked\n'
        python = f'{said}case "$*" in\n{cases}\nesac\nexec {sys.executable} "$@"\n'
        environment_ = self.folder / "environment/bin"
        program(environment_ / "python", python)
        program(environment_ / "dvc", self.dvc)
        program(
            self.folder / "programs/make",
            f"mkdir -p .venv && ln -sfn {environment_} .venv/bin\n",
        )
        program(self.folder / "programs/curl", CURL.format(asked=self.folder / "asked"))

    def asked(self) -> list[str]:
        """What `python` was run with, since this was asked last."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def quick(self) -> "Scratch":
        """This, with nothing that takes its time."""
        self.instead = dict(QUICK)
        self.dvc = QUICK_DVC.format(folder=self.folder)
        return self

    def judge(self, **kinds: bool) -> None:
        """Push what the gate will say."""
        said = {k: {"pass": ok, "reasons": [] if ok else ["bad RMSE"]} for k, ok in kinds.items()}
        clone = self.clone(f"judge-{uuid.uuid4()}")
        write(clone / "verdict.json", json.dumps(said))
        self.push(clone, "Judge")

    def copy(self, folder: Path) -> "Scratch":
        """The same in another folder, for one test."""
        shutil.copytree(self.folder, folder, symlinks=True)
        write(folder / "dvc-settings", f"[cache]\n    dir = {folder}/cache\n")
        return Scratch(folder, self.classpath)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def program(path: Path, text: str) -> None:
    """A shell script that can be run."""
    fresh = path.with_name(f"{path.name}.{uuid.uuid4()}")
    write(fresh, f"#!/bin/bash\nset -e\n{text}")
    fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR)
    fresh.replace(path)
