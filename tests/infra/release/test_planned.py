"""Days that left the window stay in dvc.lock, and a release has nothing of them."""

import shutil

import pytest

from infra.release.pipeline import Pipeline
from infra.repository import git
from tests.infra.release.project import DAYS, Project


def slide(project: Project) -> None:
    """The window is the second day alone; what aggregates it is other code by now."""
    project.write("data/window.yaml", f'days: ["{DAYS[1]}"]\nwritten: "2026-11-04"\n')
    aggregate = project.work / "stages/aggregate.sh"
    aggregate.write_text(aggregate.read_text().replace("a-z A-Z", "a-y A-Y"))
    git(project.work, "commit", "--quiet", "--message", "Aggregate otherwise", "stages")
    shutil.rmtree(project.work / f"data/aggregates/{DAYS[0]}")
    project.repro()
    assert f"aggregate@{DAYS[0]}:" in (project.work / "dvc.lock").read_text()


def test_a_day_that_left_the_window_holds_no_release_up(trained: Project) -> None:
    slide(trained)
    shutil.rmtree(trained.work / f"data/movielog/days/{DAYS[0]}")  # it expired
    done = trained.release("register")
    assert (done.status, "svd@v1.0.0: released" in done.output) == (0, True), done
    pipeline = Pipeline.read(trained.work, "svd@v1.0.0", "svd@v1.0.0")
    assert pipeline.brought() == [f"aggregate@{DAYS[1]}"]
    assert {"train@svd", "train@svdpp", "gate"} < set(pipeline.stages)


@pytest.mark.slow
def test_a_release_is_made_again_without_the_days_that_left_its_window(trained: Project) -> None:
    slide(trained)
    assert trained.release("register").status == 0
    done = trained.release("reproduce", "svd@v1.0.0")
    assert (done.status, "svd@v1.0.0: SAME, 7 outputs" in done.output) == (0, True), done
