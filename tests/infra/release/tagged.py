"""Repositories with tagged releases: a small one for whoever asks how a tag is read, and real ones
of retrained models for whoever builds and rolls out images."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.demo import workspace
from infra.demo.releases import make_releases
from infra.repository import git
from movierec.dataset.windowfile import WindowFile, write_window
from movierec.models.kernels import svd
from movierec.models.saving import save_model
from tests.inputs.days import close_days
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params

ROOT = Path(__file__).resolve().parents[3]
COPIED = ("stages/movierec", "serve", "infra/docker", ".dockerignore", "params.yaml")
PIPELINE = """\
stages:
  train:
    cmd: mkdir -p models && cp -r {given} models/svd
    outs: [models/svd]
artifacts:
  svd: {{path: models/svd, type: model}}
  svdpp: {{path: models/svdpp, type: model}}
"""


def retrained(folder: Path, versions: Sequence[str]) -> Path:
    """A bare repository below `folder` with the tags `svd@<version>` and `svdpp@<version>`, each of
    a model of its own, trained by the project's stages on one small day; its DVC remote beside it.
    """
    trained = folder / "trained"
    workspace.prepare(ROOT, trained)
    days = close_days(trained / "data", "2026-11-01", 1, lines_per_day=150_000, users=200)
    write_window(trained / "data/window.yaml", WindowFile(days, "2026-11-02"))
    run(trained, sys.executable, "-m", "dvc", "repro", "preprocess")
    workspace.commit(trained, "Make the dataset")
    git(trained, "tag", f"svd@{versions[0]}")  # as `register` may have left it there
    return make_releases(trained, folder / "releases", versions)


def small(folder: Path) -> Path:
    """A repository with a work tree, whose tag `svd@v1.0.0` has the project's code as it stands and
    a small model, on a DVC remote of its own, `<folder>/store`."""
    project, given = folder / "project", folder / "given"
    train = random_ratings(200, 60, 0.3)
    save_model(given, svd.fit(train, svd_params(), scale=SCALE), dataset_of(train), {})
    ignored = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, project / name)
    (project / "dvc.yaml").write_text(PIPELINE.format(given=given))
    days = ["2026-11-01", "2026-11-02"]
    write_window(project / "data/window.yaml", WindowFile(days, "2026-11-03"))
    (folder / "store").mkdir()
    run(project, "git", "init", "--quiet")
    dvc = (sys.executable, "-m", "dvc")
    run(project, *dvc, "init", "--quiet")
    run(project, *dvc, "remote", "add", "--quiet", "--default", "store", str(folder / "store"))
    run(project, *dvc, "repro", "--quiet")
    tag(project, "svd@v1.0.0")
    run(project, *dvc, "push", "--quiet")
    return project


def tag(project: Path, name: str) -> str:
    """Commit what stands there and tag it; the commit."""
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    run(project, "git", "add", "--all")
    run(project, "git", *who, "commit", "--quiet", "--allow-empty", "--message", f"For {name}")
    run(project, "git", *who, "tag", "-a", "-m", name, name)
    return run(project, "git", "rev-parse", "HEAD").strip()


def run(folder: Path, *command: str) -> str:
    """What a command prints that must end well; children find this environment's programs."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = workspace.environment(folder) | {"PATH": path, "DVC_NO_ANALYTICS": "1"}
    done = subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
