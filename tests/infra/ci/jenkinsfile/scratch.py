"""A project that Jenkins builds in a test: an origin, a workspace, the collector's days, commands that
stand in for heavy ones; and a build of it by the stand-in for Jenkins."""

import json
import os
import shutil
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.repository import environment, git
from tests.infra.release.project import FILES

ROOT = Path(__file__).resolve().parents[4]
DAYS = ("2026-11-01", "2026-11-02")
SECRETS = {
    "movierec-git": {"username": "jenkins", "password": "canary-git"},
    "movierec-s3": {"username": "key", "password": "canary-s3"},
    "movierec-registry": {"username": "jenkins", "password": "canary-registry"},
    "movierec-rancher": {"secret": "canary-rancher"},
}
"""Credentials; no letter of their secrets may be in what a build prints or keeps."""
TESTS = {
    "data-quality": "tests/movierec/lines",
    "data-collection": "tests/serve/collector",
    "preprocessing": "tests/movierec/dataset",
    "training-and-offline-evaluation": "tests/movierec/models",
    "online-evaluation": "tests/serve/service",
}
REPORTS = """mkdir -p .cache/ci/evaluation && cd .cache/ci/evaluation
echo '<testsuite name="svd"><testcase name="rmse"/></testsuite>' > evaluation.xml
echo measures > evaluation.html; printf 'svd\\n0.9\\n' > plot-rmse.csv; exit 0"""
STANDS_IN = {
    "-m infra.ci.evaluation *": REPORTS,
    "-m infra.release image *": 'echo "movierec/$4"; exit 0',
    "-m infra.release deploy *": 'echo "$4 is deployed"; exit 0',
    "-m infra.release incumbent": 'echo "{}" > data/incumbent.json; exit 0',
    "-m infra.release promote *": """kind=${4%@*}; n=$(git tag --list "$kind#prod#*" | wc -l)
git tag -a -m . "$kind#prod#$((n + 1))" "$4^{commit}"; git push -q origin "$kind#prod#$((n + 1))"
echo "$4 is in production"; exit 0""",
    "-m infra.release status": """for kind in svd svdpp; do
echo "$kind $(git tag --list "$kind@*" --sort=-v:refname | head -1)"; done; exit 0""",
    "stages/online_evaluate.py *": 'mkdir -p metrics/online; echo "{}" > "${!#}"; exit 0',
}
"""What is not of this project or takes too long: pattern of `python`'s arguments → what it does."""


QUICK = STANDS_IN | {
    "-m coverage run *": """while [ "$1" != --junitxml ]; do shift; done; group=$(basename "$2" .xml)
bad=; [ "$group" != "$(cat bad-group 2>/dev/null)" ] || bad="<failure/>"
echo "<testsuite name='x'><testcase name='y'>$bad</testcase></testsuite>" > "$2"; [ -z "$bad" ]; exit""",
    "-m coverage xml *": "echo \"<coverage line-rate='0.9'/>\" > .cache/ci/coverage.xml; exit 0",
    "-m coverage html *": "mkdir -p .cache/ci/html; echo page > .cache/ci/html/index.html; exit 0",
    "-m coverage *": "exit 0",
    "-m infra.release window *": "exit 0",
    "-m infra.release register *": """for kind in svd svdpp; do
git tag -a -m . "$kind@v1.0.0"; echo "$kind@v1.0.0: released (the first one)"; done; exit 0""",
    "-m infra.release expire *": "exit 0",
}
"""So that nothing of Python's libraries is loaded, and `dvc` copies a verdict."""
QUICK_DVC = """case "$1" in
cache) echo {folder}/cache ;;
repro) echo "dvc $*" >> {folder}/asked; mkdir -p reports; cp verdict.json reports/gate.json ;;
esac
"""


@dataclass
class Built:
    """A build that has ended: what happened in it, in order."""

    folder: Path
    events: list[dict[str, Any]]
    log: str

    @property
    def result(self) -> str:
        return str(self.events[-1]["result"])

    def stages(self) -> list[str]:
        """Those that began, in order; of those side by side, by name."""
        names = [e["stage"] for e in self.events if e.get("began")]
        together = sorted(name for name in names if name.startswith("unit tests "))
        return [*names[:1], *together, *[n for n in names[1:] if n not in together]]

    def skipped(self) -> dict[str, str]:
        """Stage → why."""
        return {e["stage"]: e["skipped"] for e in self.events if "skipped" in e}

    def steps(self, stage: str, step: str = "sh") -> list[Any]:
        """What the steps of a kind were given, in a stage and its post."""
        return [e["what"] for e in self.events if e.get("step") == step and e["stage"] == stage]

    def told(self) -> list[str]:
        """Slack's messages."""
        return [e["what"] for e in self.events if e.get("step") == "slackSend"]

    def posts(self, stage: str) -> list[str]:
        return [e["post"] for e in self.events if "post" in e and e["stage"] == stage]

    def kept(self) -> Iterator[Path]:
        """All files that Jenkins keeps of it, its raw log among them."""
        return (path for path in self.folder.rglob("*") if path.is_file())


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
        ignored = FILES[".gitignore"] + "!/data/incumbent.json\n/.cache/\n/.venv/\n__pycache__/\n"
        write(seed / ".gitignore", ignored)
        passed = {kind: {"pass": True, "reasons": []} for kind in ("svd", "svdpp")}
        write(seed / "verdict.json", json.dumps(passed))
        for folder in TESTS.values():
            write(seed / folder / "test_it.py", "def test_it() -> None:\n    assert True\n")
        for name in ("Jenkinsfile", "Makefile", "pyproject.toml"):
            shutil.copy(ROOT / name, seed / name)
        shutil.copytree(
            ROOT / "infra", seed / "infra", ignore=shutil.ignore_patterns("__pycache__")
        )
        write(seed / "params.yaml", FILES["params.yaml"] + "expire: {keep_days: 36500}\n")
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

    def build(
        self, branch: str = "master", aborts_at: Path | None = None, **variables: str
    ) -> Built:
        """Check the branch out as Jenkins does (clean, its commit, no branch), and build it."""
        self.builds += 1
        shutil.rmtree(self.workspace, ignore_errors=True)
        git(self.folder, "clone", "--quiet", str(self.origin), "workspace")
        git(self.workspace, "checkout", "--quiet", "--detach")
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
                "BUILD_URL": f"https://jenkins.invalid/{self.builds}",
                "PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}",
                "PYTHONPATH": str(ROOT / "stages"),
                "MOVIEREC_STORE": str(self.folder / "store"),
                "MOVIEREC_DVC": str(self.folder / "dvc-settings"),
                "DEPLOY_ROUTER": "https://router.invalid",
                **variables,
            },
        }
        write(kept / "scenario.json", json.dumps(scenario))
        done = subprocess.run(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", self.classpath, "Harness"]
            + [str(kept / "scenario.json")],
            env=environment(),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
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
            f"[ -d .venv ] || {{ mkdir .venv; cp -r {environment_} .venv; }}\n",
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


CONFIG = "[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = ../../store-of-dvc\n"
CURL = """\
for last; do :; done
case "$last" in */arms/svd/*) kind=svd ;; *) kind=svdpp ;; esac
echo "curl $last" >> {asked}
git for-each-ref --format='%(refname:lstrip=2)' --sort=-v:refname "refs/tags/$kind@*" | head -1 | tr -d '\\n'
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def program(path: Path, text: str) -> None:
    """A shell script that can be run."""
    fresh = path.with_name(f"{path.name}.{uuid.uuid4()}")
    write(fresh, f"#!/bin/bash\nset -e\n{text}")
    fresh.chmod(fresh.stat().st_mode | stat.S_IXUSR)
    fresh.replace(path)
