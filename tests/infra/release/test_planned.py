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


def test_a_day_whose_answers_are_not_judged_yet_holds_no_release_up(trained: Project) -> None:
    """A night names it before it trains, and judges it when all else is done."""
    trained.answer(DAYS[1])
    done = trained.release("register")
    assert (done.status, "svd@v1.0.0: released" in done.output) == (0, True), done
    told = git(trained.work, "show", "svd@v1.0.0:data/online/window.yaml")
    assert DAYS[1] in told, "it is committed with the release, since a run writes it"


def judge(project: Project) -> None:
    """Both days are judged, and then by other code, of which a release needs to know nothing."""
    for day in DAYS:
        project.answer(day)
    project.repro()
    assert (project.work / f"metrics/online/{DAYS[0]}.json").exists()
    program = project.work / "stages/online.sh"
    program.write_text(program.read_text() + "true\n")
    git(project.work, "commit", "--quiet", "--message", "Judge otherwise", "stages")


@pytest.mark.slow
def test_what_judged_answers_is_no_part_of_a_release(trained: Project) -> None:
    judge(trained)
    shutil.rmtree(trained.work / f"data/served/days/{DAYS[0]}")  # it expired
    done = trained.release("register")
    assert (done.status, "svd@v1.0.0: released" in done.output) == (0, True), done
    pipeline = Pipeline.read(trained.work, "svd@v1.0.0", "svd@v1.0.0")
    assert pipeline.brought() == [f"aggregate@{day}" for day in DAYS]
    assert not any("online" in path for path in pipeline.outs())
    lock = git(trained.work, "show", "svd@v1.0.0:dvc.lock")
    assert f"online@{DAYS[0]}:" in lock, "what was judged before stays recorded"
    assert trained.release("verify").status == 0


@pytest.mark.slow
def test_a_release_is_made_again_without_what_was_answered(trained: Project) -> None:
    judge(trained)
    assert trained.release("register").status == 0
    for topic in ("movielog", "served"):
        shutil.rmtree(trained.work / f"data/{topic}")
    done = trained.release("reproduce", "svd@v1.0.0")
    assert (done.status, "svd@v1.0.0: SAME, 8 outputs" in done.output) == (0, True), done
