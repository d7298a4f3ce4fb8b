"""One command puts back what was in production before, serves it, and says what changed."""

import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.release import promote
from infra.release import rollback as verb
from infra.release.production import Production
from infra.repository import git
from tests.infra.release.deploys import at, deployed, instead
from tests.infra.release.project import Ended, Project
from tests.infra.release.shop import promoted, somebody

A, B, C, D = (f"svd@v1.{minor}.0" for minor in range(4))


def rollback(
    project: Project,
    *more: str,
    status: int = 0,
    die_before: int = -1,
    meanwhile: Callable[[], object] = lambda: None,
) -> Ended:
    """Roll svd back where what deploys ends with a status, or raises what one would."""
    before = instead(project, status, meanwhile)
    return project.release("rollback", "svd", *more, die_before=die_before, before=before)


def test_the_one_before_is_served_again_and_what_changed_is_said(sold: Project) -> None:
    promoted(sold, A, B, C)
    done = rollback(sold)
    assert (done.status, deployed(sold), at(sold)) == (0, [B], B), done
    assert done.output.splitlines() == [
        f"{C}: back to {B}",
        f"{B}: in production by svd#prod#4",
        f"                                 {C}                   {B}",
        "days                             2026-11-01 … 2026-11-03 (3)  2026-11-01 … 2026-11-02 (2)",
        "params.yaml:train.svd.n_factors  6                            5",
        "code stages/train.py             11111111                     00000000",
        "metrics rmse                     0.91                         0.92",
        "metrics coverage                 1.0                          1.0",
    ]
    told = git(sold.origin, "tag", "--list", "--format=%(contents)", "svd#prod#4").strip()
    assert told == (f"Assigning stage prod to artifact svd version v1.1.0\n\nrolled_back_from: {C}")


def test_a_second_one_never_flips_back_and_goes_further_only_by_name(sold: Project) -> None:
    promoted(sold, A, B, C)
    assert rollback(sold).status == 0
    again = rollback(sold)
    assert (again.status, at(sold), deployed(sold)) == (0, B, [B, B]), again
    said = f"{B}: in production by svd#prod#4, all is done; --to {A} goes further back"
    assert again.output.splitlines()[0] == said
    assert "metrics rmse" in again.output, "what changed is said again"
    further = rollback(sold, "--to", A)
    assert (further.status, at(sold)) == (0, A), further
    last = rollback(sold)
    assert (last.status, at(sold)) == (0, A) and "further" not in last.output, last


def test_it_follows_what_was_in_production_and_not_the_numbers(sold: Project) -> None:
    promoted(sold, C, A)
    assert rollback(sold).status == 0
    assert at(sold) == C


@pytest.mark.slow
def test_what_was_rolled_back_from_is_passed_over_later(sold: Project) -> None:
    promoted(sold, A, B, C)
    rollback(sold)
    promoted(sold, D)
    assert rollback(sold).status == 0
    assert at(sold) == B
    found = Production.read(sold.work, "svd")
    assert (found.before, found.given_up) == (A, {C, D})


@pytest.mark.slow
def test_what_was_promoted_twice_goes_back_to_what_it_took_the_place_of(sold: Project) -> None:
    promoted(sold, A, B, C, A)
    assert rollback(sold).status == 0
    assert at(sold) == C
    assert rollback(sold, "--to", B).status == 0
    assert Production.read(sold.work, "svd").before is None, "A was rolled back from"


def test_what_was_rolled_back_from_does_not_come_back_by_itself(sold: Project) -> None:
    promoted(sold, A, B)
    rollback(sold)
    nightly = sold.release("promote", B)
    assert (nightly.status, at(sold)) == (1, A)
    assert (
        nightly.output
        == f"{B}: was rolled back from, stays out of production; --again puts it back\n"
    )
    assert sold.release("promote", B, "--again").status == 0
    assert at(sold) == B
    assert sold.release("promote", B).status == 0, "it is in production"
    assert rollback(sold).status == 0
    assert at(sold) == A


@pytest.mark.parametrize("how", ["the release", "its stage"])
def test_a_release_that_was_taken_back_is_rolled_back_from_but_not_to(
    sold: Project, how: str
) -> None:
    promoted(sold, A, B, C, D)
    for name in (B, D):
        tag = f"{name}!" if how == "the release" else f"svd#prod!#{5 if name == B else 6}"
        git(sold.work, "tag", "-a", "-m", "bad", tag, f"{name}^{{commit}}")
        git(sold.work, "push", "--quiet", "origin", tag)
    assert at(sold) == C, "by the tags, as GTO reads them"
    done = rollback(sold)
    expected = C if how == "the release" else A
    assert (done.status, at(sold), deployed(sold)) == (0, expected, [expected]), done


def test_to_names_one_that_was_there(sold: Project) -> None:
    promoted(sold, A, B, C)
    never = rollback(sold, "--to", D)
    assert (never.status, f"{D}: was never in production of svd" in never.output) == (2, True)
    other = rollback(sold, "--to", "svdpp@v1.0.0")
    assert (other.status, "never in production of svd" in other.output) == (2, True)
    assert (at(sold), deployed(sold)) == (C, [])
    assert rollback(sold, "--to", A).status == 0
    assert (at(sold), deployed(sold)) == (A, [A])
    assert Production.read(sold.work, "svd").given_up == {B, C}


def test_where_there_is_nothing_before_it_says_so(sold: Project) -> None:
    none = rollback(sold)
    assert (none.status, "svd: nothing is in production" in none.output) == (2, True), none
    promoted(sold, A)
    first = rollback(sold)
    assert (first.status, f"{A}: nothing that can be gone back to" in first.output) == (2, True)
    assert (at(sold), deployed(sold)) == (A, [])


@pytest.mark.parametrize("status", [1, 2])
def test_what_is_not_served_is_not_in_production(sold: Project, status: int) -> None:
    promoted(sold, A, B)
    done = rollback(sold, status=status)
    assert (done.status, at(sold), "Traceback" in done.output) == (status, B, False), done
    assert rollback(sold).status == 0
    assert (at(sold), deployed(sold)) == (A, [A, A])


@pytest.mark.slow
def test_where_no_cluster_is_the_tag_alone_moves(sold: Project) -> None:
    promoted(sold, A, B)
    assert rollback(sold, "--no-deploy").status == 0
    assert (at(sold), deployed(sold)) == (A, [])


def test_deploy_is_told_the_image_of_a_cluster_without_a_registry(sold: Project) -> None:
    promoted(sold, A, B, C)
    assert rollback(sold, "--image", "movierec:svd-v1.1.0").status == 0
    log = (sold.folder / "deployed").read_text()
    assert log.startswith(f"['{B}', '--image', 'movierec:svd-v1.1.0', ")


def test_what_came_into_production_while_it_deployed_stays(sold: Project) -> None:
    promoted(sold, A, B)
    other = somebody(sold)
    done = rollback(sold, meanwhile=lambda: promote.main([C, "--repo", str(other)]))
    assert (done.status, f"{C} came into production meanwhile" in done.output) == (3, True), done
    assert (at(sold), deployed(sold)) == (C, [A])


def test_another_who_rolls_back_at_once_is_no_other_step(sold: Project) -> None:
    promoted(sold, A, B, C)
    other = somebody(sold)
    first = ["svd", "--no-deploy", "--repo", str(other)]
    done = rollback(sold, meanwhile=lambda: verb.main(first))
    assert (done.status, at(sold), deployed(sold)) == (0, B, [B]), done
    assert git(sold.origin, "tag", "--list", "svd#*").split()[-1] == "svd#prod#4"


def test_killed_between_deploy_and_tag_it_is_finished_by_the_next(sold: Project) -> None:
    promoted(sold, A, B, C)
    died = rollback(sold, meanwhile=lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert (died.status, at(sold), deployed(sold)) == (-signal.SIGKILL, C, [B])
    assert rollback(sold).status == 0
    assert (at(sold), deployed(sold)) == (B, [B, B])


@pytest.mark.slow
def test_killed_before_any_call_it_is_finished_by_the_next(sold: Project, tmp_path: Path) -> None:
    promoted(sold, A, B, C)
    for call in itertools.count():
        copy = sold.copy(tmp_path / f"killed-{call}")
        died = rollback(copy, die_before=call)
        assert died.status in (-signal.SIGKILL, 0), died
        assert rollback(copy).status == 0
        tags = git(copy.origin, "tag", "--list", "svd#*").split()
        assert (tags, at(copy)) == ([f"svd#prod#{n}" for n in (1, 2, 3, 4)], B), call
        if died.status == 0:
            break
    assert call == 5, "fetch; fetch, mktag, push, update-ref"
