"""The pipeline as DVC runs it: what is re-run, what is skipped, what travels, what is refused."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.ci import edits
from infra.ci.stages import read_stages
from infra.demo import compiled
from infra.repository import files
from movierec.dataset.onlinefile import write_online
from movierec.evaluation.validation import MEASURES
from movierec.store.days import closed_days
from tests.inputs.days import close_days

ROOT = Path(__file__).resolve().parents[2]
DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]

pytestmark = pytest.mark.slow


class Project:
    """A copy of this repository with days of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, fails: bool = False) -> str:
        """Run a command in the project; returns what it printed, stderr included."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment(), text=True, capture_output=True
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, output
        return output

    def environment(self) -> dict[str, str]:
        """The project's own code comes first, this environment's packages after it."""
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{self.folder}:{self.folder / 'stages'}",
            "DVC_NO_ANALYTICS": "1",
        }

    def repro(self, *options: str) -> list[str]:
        """`dvc repro`; the stages that ran."""
        return re.findall(r"Running stage '(.+)':", self.run("dvc", "repro", *options))

    def change(self, file: str, *keys: str, value: Any) -> None:
        """Set a value in a YAML file."""
        path = self.folder / file
        document = yaml.safe_load(path.read_text())
        part = document
        for key in keys[:-1]:
            part = part[key]
        part[keys[-1]] = value
        path.write_text(yaml.safe_dump(document, sort_keys=False))

    def outs(self) -> dict[str, str]:
        """path → md5 of every output in dvc.lock."""
        lock = yaml.safe_load((self.folder / "dvc.lock").read_text())
        stages = lock["stages"].values()
        return {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}


def copy_of_repository(folder: Path) -> Project:
    """The files that git knows or would add, committed anew, with the tests' few epochs; without
    what the repository's own days made, and without machine code."""
    for name in files(ROOT):
        if not name.startswith(("dvc.lock", "metrics/", "reports/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    project = Project(folder)
    project.change("params.yaml", "validate", value={
        **yaml.safe_load((ROOT / "params.yaml").read_text())["validate"],
        "min_ratings": 50, "min_users": 10,
    })  # fmt: skip
    for model in ("svd", "svdpp"):
        project.change("params.yaml", "train", model, "n_epochs", value=3)
    project.change("data/window.yaml", "written", value="2026-11-04")
    write_window(project, DAYS)
    write_online(folder / "data/online/window.yaml", [])
    (folder / "data/incumbent.json").write_text("{}\n")
    project.run("git", "init", "--quiet")
    commit(project)
    return project


def write_window(project: Project, days: list[str]) -> None:
    project.change("data/window.yaml", "days", value=days)


def commit(project: Project) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    project.run("git", "add", "--all")
    project.run("git", *who, "commit", "--quiet", "--message", "state", "--allow-empty")


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four closed days."""
    root = tmp_path_factory.mktemp("store")
    assert close_days(root, DAYS[0], 4, answered=True) == [*DAYS, "2026-11-04"]
    assert closed_days(root, "served") == [*DAYS, "2026-11-04"]
    return root / "movielog/days"


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory: pytest.TempPathFactory, days: Path) -> Path:
    """A project after its first `dvc repro`: never changed, only copied."""
    project = copy_of_repository(tmp_path_factory.mktemp("project"))
    compiled.take(ROOT, project.folder)
    shutil.copytree(days, project.folder / "data/movielog/days")
    ran = project.repro()
    ran.remove("drift")  # nothing follows from it
    assert ran[:5] == [f"aggregate@{day}" for day in DAYS] + ["validate", "preprocess"]
    assert len(ran) == 13 and "online_merge" in ran, "also where no answer was ever logged"
    commit(project)
    return project.folder


@pytest.fixture
def project(reproduced: Path, tmp_path: Path) -> Project:
    """A project of the test's own, reproduced and clean."""
    return Project(shutil.copytree(reproduced, tmp_path / "project", symlinks=True))


def test_a_second_run_does_nothing(project: Project) -> None:
    assert project.repro() == []
    assert "up to date" in project.run("dvc", "status")
    assert project.run("git", "status", "--porcelain") == ""


def test_a_parameter_of_one_model_reruns_that_model_and_what_follows(project: Project) -> None:
    project.change("params.yaml", "train", "svdpp", "n_factors", value=7)
    assert project.repro() == ["train@svdpp", "evaluate@svdpp", "gate"]


def test_a_new_day_costs_one_aggregate_and_what_depends_on_the_window(project: Project) -> None:
    write_window(project, [*DAYS, "2026-11-04"])
    ran = project.repro()
    assert [stage for stage in ran if stage.startswith("aggregate")] == ["aggregate@2026-11-04"]
    assert {"preprocess", "uptake", "train@svd", "train@svdpp", "evaluate@svd"} <= set(ran)


def test_two_runs_give_the_same_bytes(
    reproduced: Path, days: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The other one's kernels are compiled anew."""
    other = copy_of_repository(tmp_path_factory.mktemp("other"))
    shutil.copytree(days, other.folder / "data/movielog/days")
    other.repro()
    assert other.outs() == Project(reproduced).outs()
    assert len(other.outs()) == 3 + 1 + 1 + 2 + 1 + 4 + 1 + 8 + 1 + 1


def test_a_clone_without_raw_days_is_reproduced_from_the_remote(
    project: Project, tmp_path: Path
) -> None:
    project.run("dvc", "remote", "add", "--default", "local", str(tmp_path / "remote"))
    commit(project)
    project.run("dvc", "push")
    project.run("git", "clone", "--quiet", str(project.folder), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    assert clone.repro("--pull", "--allow-missing") == []
    project.run("git", "clone", "--quiet", str(project.folder), str(tmp_path / "pulled"))
    pulled = Project(tmp_path / "pulled")
    pulled.run("dvc", "pull")
    for kind in ("svd", "svdpp"):
        model = pulled.folder / "models" / kind / "movie_factors.npy"
        assert (
            model.read_bytes() == (project.folder / f"models/{kind}/movie_factors.npy").read_bytes()
        )
    # And a change is trained without the raw days, from the aggregates.
    clone.change("params.yaml", "train", "svd", "n_factors", value=5)
    assert clone.repro("--pull", "--allow-missing") == ["train@svd", "evaluate@svd", "gate"]


def test_metrics_and_plots_show_without_flags(project: Project) -> None:
    shown = project.run("dvc", "metrics", "show")
    lines = [line.split() for line in shown.splitlines()]
    assert lines[0] == ["Path", *sorted(MEASURES)]
    assert [line[0] for line in lines[1:]] == ["metrics/svd.json", "metrics/svdpp.json"]
    for title in ("RMSE by epoch", "Error by user activity", "Ratings predicted and actual"):
        assert title in project.run("dvc", "plots", "show", "--json")


def test_git_and_a_pull_request_see_the_metrics_and_the_verdict(project: Project) -> None:
    tracked = project.run("git", "ls-files", "metrics", "reports").split()
    judged = ["metrics/online.json", "metrics/svd.json", "metrics/svdpp.json"]
    judged += ["reports/baselines.json", "reports/drift.json"]
    assert tracked == [*judged, "reports/gate.json"]
    project.change("params.yaml", "train", "svd", "n_factors", value=3)
    project.repro()
    diff = project.run("dvc", "metrics", "diff")
    assert re.search(r"metrics/svd\.json +rmse +\d\.\d+ +\d\.\d+ +-?[\d.e-]+", diff)
    assert "metrics/svdpp.json" not in diff
    assert "metrics/svd.json" in project.run("git", "diff", "--stat")


def answer(project: Project, days: Path, *closed: str) -> list[str]:
    """What was served on some days is closed as well: the stages that run for it, but for those
    that look at the day on which the window was written."""
    for day in closed:
        source = days.parents[1] / "served/days" / day
        shutil.copytree(source, project.folder / "data/served/days" / day)
    written = ["--written", "2026-11-04"]
    project.run("python", "-m", "infra.release.window", "--days", *DAYS, *written)
    ran = sorted(project.repro())  # DVC knows no order between days
    return [stage for stage in ran if stage not in ("validate", "drift", "preprocess")]


@pytest.mark.timeout(900)
def test_a_new_night_costs_one_day_of_answers_and_the_merge(project: Project, days: Path) -> None:
    ran = answer(project, days, *DAYS[:2])
    assert ran == [f"online@{day}" for day in DAYS[:2]] + ["online_merge"]
    assert project.repro() == []
    assert answer(project, days, DAYS[2]) == [f"online@{DAYS[2]}", "online_merge"]
    report = json.loads((project.folder / "metrics/online.json").read_text())
    assert report["days"] == DAYS
    models = report["models"]
    assert set(models) == {"svd@v1.0.0", "svdpp@v1.0.0"}
    assert all(0.1 < one["conversion"] < 0.6 for one in models.values())
    assert 0 < report["requests"]["unattributed"] < 0.05 * report["requests"]["lines"]
    project.change("params.yaml", "online", "min_users", value=7)
    assert would_run(project) == {"online_merge"}, "how sure one is makes no other sums"


@pytest.fixture(scope="module")
def answered(reproduced: Path, days: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same when what was served on all its days is evaluated: never changed, only copied."""
    folder = tmp_path_factory.mktemp("answered") / "project"
    project = Project(shutil.copytree(reproduced, folder, symlinks=True))
    answer(project, days, *DAYS)
    commit(project)
    return folder


@pytest.mark.timeout(900)
def test_a_day_that_expired_stays_evaluated(answered: Path, days: Path, tmp_path: Path) -> None:
    """It leaves the window before it may go; what it was judged stays in git and on the remote."""
    project = Project(shutil.copytree(answered, tmp_path / "project", symlinks=True))
    project.change("params.yaml", "online", "days", value=1)
    assert answer(project, days) == ["online_merge"]
    commit(project)
    for topic in ("movielog", "served"):
        shutil.rmtree(project.folder / f"data/{topic}/days/{DAYS[0]}")
    stale = json.loads(project.run("dvc", "status", "--json"))
    assert set(stale) == {f"aggregate@{DAYS[0]}"}, "which the training's window has still"
    assert project.repro("online_merge") == []
    tracked = project.run("git", "ls-files", "metrics/online").split()
    assert tracked == [f"metrics/online/{day}.json" for day in DAYS]
    assert json.loads((project.folder / "metrics/online.json").read_text())["days"] == DAYS[2:]


@pytest.mark.timeout(900)
def test_a_clone_without_raw_days_has_what_was_judged(answered: Path, tmp_path: Path) -> None:
    project = Project(shutil.copytree(answered, tmp_path / "project", symlinks=True))
    project.run("dvc", "remote", "add", "--default", "local", str(tmp_path / "remote"))
    commit(project)
    project.run("dvc", "push", "--with-deps", "online_merge")
    project.run("git", "clone", "--quiet", str(project.folder), str(tmp_path / "clone"))
    clone = Project(tmp_path / "clone")
    clone.run("dvc", "pull", "--force", "--allow-missing")
    clone.change("params.yaml", "online", "min_users", value=7)
    assert clone.repro("--allow-missing", "online_merge") == ["online_merge"]


def would_run(project: Project) -> set[str]:
    """The stages that DVC would run now, before what they make changes anything."""
    return set(json.loads(project.run("dvc", "status", "--json")))


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("stages/movierec/evaluation/ranking.py", {"baselines", "evaluate"}),
        ("stages/movierec/evaluation/offline.py", {"evaluate"}),
        ("stages/movierec/evaluation/gate.py", {"gate"}),
        ("stages/movierec/models/topn.py", {"baselines", "evaluate"}),
        ("serve/collector/loop.py", set()),
        ("stages/movierec/models/kernels/descent.py", {"train", "evaluate"}),
        ("stages/movierec/models/kernels/minima.py", {"uptake"}),
        ("stages/movierec/dataset/split.py", {"preprocess"}),
    ],
)
def test_an_edit_of_code_runs_what_the_table_says(
    project: Project, path: str, names: set[str]
) -> None:
    with (project.folder / path).open("a") as file:
        file.write("\n# Another comment.\n")
    assert {name.split("@")[0] for name in would_run(project)} <= names
    assert would_run(project) == set(edits.of_file(read_stages(project.folder), path))


def test_another_section_of_the_parameters_trains_nothing(project: Project) -> None:
    project.change("params.yaml", "expire", "keep_days", value=31)
    assert would_run(project) == set()
    project.change("params.yaml", "online", "smallest_lift", value=0.2)
    assert would_run(project) == {"online_merge"}
    project.run("git", "checkout", "--quiet", "params.yaml")
    project.change("params.yaml", "evaluate", "k", value=10)
    assert would_run(project) == {"baselines", "evaluate@svd", "evaluate@svdpp"}


def test_another_numba_trains_and_another_ruff_does_not(project: Project) -> None:
    pins = project.folder / "requirements.txt"
    pins.write_text(re.sub(r"(?m)^ruff==.*", "ruff==99", pins.read_text()))
    project.run("python", "-m", "infra.ci.deps", "--write")
    assert would_run(project) == set()
    pins.write_text(re.sub(r"(?m)^numba==.*", "numba==99", pins.read_text()))
    project.run("python", "-m", "infra.ci.deps", "--write")
    assert {"uptake", "train@svd", "train@svdpp"} <= would_run(project)
    assert not {"preprocess", "baselines"} & would_run(project)


def test_compiled_code_in_a_room_is_no_change(project: Project) -> None:
    cache = project.folder / "stages/movierec/models/kernels/__pycache__/lanes-0"
    cache.mkdir(parents=True)
    (cache / "descent._sweep-1.py311.nbi").write_bytes(b"machine code")
    assert would_run(project) == set()


def test_what_a_killed_closer_left_beside_a_day_is_no_change(project: Project) -> None:
    day = next((project.folder / "data/movielog/days").iterdir())
    (day / ".lines.parquet.0f.tmp").write_bytes(b"half of a day")
    assert would_run(project) == set()


@pytest.mark.timeout(900)
def test_experiments_run_here_in_a_queue_and_in_a_folder_of_their_own(project: Project) -> None:
    """What README tells a data scientist to type. Raw days are in no copy of the workspace."""
    project.run("git", "config", "user.name", "test")
    project.run("git", "config", "user.email", "test@example.com")
    project.run("dvc", "exp", "run", "-S", "train.svd.reg_bu=0.00001")
    project.run("git", "checkout", "--quiet", ".")
    apart = ["dvc", "exp", "run", "--allow-missing"]
    project.run(*apart, "--queue", "-S", "train.svdpp.n_factors=4,5")
    queue = partial(subprocess.run, cwd=project.folder, env=project.environment(), text=True)
    # Its worker would keep a pipe to this test open.
    nowhere = subprocess.DEVNULL
    queue(["dvc", "queue", "start"], check=True, stdout=nowhere, stderr=nowhere)
    project.run(*apart, "--temp", "-S", "train.svd.n_factors=6")
    deadline = time.monotonic() + 600
    # Now and then DVC reads a file that its worker is about to write, and fails: ask again.
    asked = partial(queue, ["dvc", "queue", "status"], capture_output=True)
    while (status := asked().stdout).count("Success") < 2:
        assert "Failed" not in status, status
        assert time.monotonic() < deadline, status
        time.sleep(1)
    project.run("dvc", "queue", "stop")
    project.run("git", "checkout", "--quiet", ".")
    lines = project.run("python", "-m", "infra.compare").splitlines()
    assert max(map(len, lines)) <= 120
    tried = re.findall(r"train\.(\w+\.\w+=\S+)", "\n".join(lines))
    assert sorted(tried) == [
        "svd.n_factors=6",
        "svd.reg_bu=1e-05",
        "svdpp.n_factors=4",
        "svdpp.n_factors=5",
    ]
    assert "–" not in "".join(lines), "every revision has its measures"


def refused(project: Project, *command: str) -> str:
    """The one line with which a command is refused."""
    output = project.run(*command, fails=True)
    lines = [line for line in output.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, output
    assert "Traceback" not in output
    return lines[0]


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("min_ratings", 10**6, r"ratings \d+ \(at least 1e\+06\)"),
        ("max_age_days", 0, r"age_days \d+ \(at most 0\)"),
        ("max_reject_share", 0.0, r"reject_share 0\.\d+ \(at most 0\)"),
        ("min_days", 5, r"days 3 \(at least 5\)"),
    ],
)
def test_a_window_past_a_limit_ends_the_pipeline(
    project: Project, key: str, value: float, named: str
) -> None:
    if key == "max_age_days":
        project.change("data/window.yaml", "written", value="2026-12-24")
    project.change("params.yaml", "validate", key, value=value)
    assert re.search(named, refused(project, "dvc", "repro"))


def test_bad_input_is_named_in_one_line(project: Project) -> None:
    project.change("params.yaml", "train", "svd", "n_factor", value=7)
    assert "n_factor" in refused(project, "dvc", "repro", "--force", "--single-item", "train@svd")
    project.run("git", "checkout", "params.yaml")
    write_window(project, [])
    train = ["python", "stages/validate.py", "--window", "data/window.yaml"]
    train += ["--aggregates", "data/aggregates", "--report", "reports/validate.json"]
    assert "the window is empty" in refused(project, *train)


def test_a_corrupt_or_missing_model_is_named_in_one_line(project: Project) -> None:
    evaluate = ["python", "stages/evaluate.py", "--model", "models/svd", "--dataset"]
    evaluate += ["data/dataset", "--metrics", "m.json", "--report", "r.json", "--plots", "p"]
    path = project.folder / "models/svd/movie_factors.npy"
    bad = bytearray(path.read_bytes())
    bad[-1] ^= 1
    path.unlink()
    path.write_bytes(bad)
    assert "models/svd/movie_factors.npy: SHA-256 differs" in refused(project, *evaluate)
    shutil.rmtree(project.folder / "models/svd")
    assert "models/svd: no such folder; run `dvc repro`" in refused(project, *evaluate)
    assert not (project.folder / "m.json").exists()
