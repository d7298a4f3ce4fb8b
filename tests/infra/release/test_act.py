"""What online evaluation calls for is done once and told once, whatever stops it in between."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.release import promote
from infra.repository import git
from tests.infra.release.acting.acts import PARAMS, act, committed
from tests.infra.release.acting.evaluation import evaluation
from tests.infra.release.deploys import at, deployed
from tests.infra.release.project import Project
from tests.infra.release.shop import promoted, somebody
from tests.infra.slack.standin import Slack, standing

A, B, C, D = (f"svd@v1.{minor}.0" for minor in range(4))
SAID = (
    "svd@v1.2.0 was rolled back to svd@v1.1.0 (svd#prod#4): online evaluation until 2026-11-24"
    " finds it worse: conversion 0.2000 (0.1900 … 0.2100) of 12,345 answers to 2,345 users,"
    " 2026-11-21 … 2026-11-24, before 0.2500 (0.2400 … 0.2600) of 12,345 answers to 2,345 users,"
    " 2026-11-18 … 2026-11-21; that is -20.0 %, surely between -29.9 % and -12.3 %. To undo that:"
    " `python -m infra.release deploy svd@v1.2.0`, then"
    " `python -m infra.release promote svd@v1.2.0 --again`."
)


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    with standing() as own:
        monkeypatch.setenv("SLACK_WEBHOOK", own.webhook)
        yield own


@pytest.fixture
def worse(sold: Project) -> Project:
    """C is in production, and HEAD has an evaluation by which it is worse than B."""
    promoted(sold, A, B, C)
    committed(sold, evaluation(C, B))
    return sold


def test_what_is_worse_goes_back_once_and_is_told_once(worse: Project, slack: Slack) -> None:
    done = act(worse)
    assert (done.status, deployed(worse), at(worse)) == (0, [B], B), done
    assert slack.texts == [SAID]
    assert "metrics rmse" in done.output, "what changed is said, as by rollback"
    told = git(worse.origin, "tag", "--list", "--format=%(contents)", "svd#prod#4")
    assert f"rolled_back_from: {C}\nbecause: online evaluation until 2026-11-24" in told
    again = act(worse)
    assert (again.status, deployed(worse), at(worse)) == (0, [B], B), again
    assert f"{B}: is in production and not judged; worse was {C}" in again.output
    assert slack.texts == [SAID]
    assert git(worse.origin, "tag", "--list", "svd#*").split()[-1] == "svd#prod#4"


@pytest.mark.slow
def test_another_clone_does_not_tell_it_again(worse: Project, slack: Slack) -> None:
    """The workspace of a build is gone when the next one begins."""
    assert act(worse).status == 0
    other = somebody(worse)
    assert act(worse, "--repo", str(other)).status == 0
    assert (slack.texts, at(worse)) == ([SAID], B)


@pytest.mark.slow
def test_without_slack_it_is_printed_alone(worse: Project) -> None:
    done = act(worse)
    assert (done.status, at(worse)) == (0, B), done
    assert SAID in done.output and "SLACK_WEBHOOK is not set" in done.output


def test_a_slack_that_does_not_take_it_undoes_nothing_and_is_told_later(
    worse: Project, slack: Slack
) -> None:
    slack.fault = (503, "down")
    done = act(worse)
    assert (done.status, at(worse), deployed(worse)) == (2, B, [B]), done
    assert "error: Slack was not told of svd#prod#4: 503 'down'; run this again" in done.output
    slack.fault = None
    promoted(worse, D)  # as the next night does, before it acts
    assert act(worse).status == 0
    assert (slack.texts, at(worse)) == ([SAID], D)


@pytest.mark.slow
def test_what_is_wrong_with_slack_s_settings_holds_no_rollback_up(
    worse: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK", "http://canary.invalid/canary")
    done = act(worse)
    assert (done.status, at(worse), "canary" in done.output) == (2, B, False), done


def test_the_secret_is_in_no_output_and_not_in_git(worse: Project, slack: Slack) -> None:
    slack.fault = (403, f"{slack.webhook} is not known")
    outputs = [act(worse).output]
    slack.fault = None
    outputs.append(act(worse).output)
    assert slack.texts == [SAID]
    assert not [output for output in outputs if "canary" in output.lower()]
    for repository in (worse.work, worse.origin):
        git(repository, "fsck")
        for path in repository.rglob("*"):
            assert not path.is_file() or b"canary" not in path.read_bytes().lower()


@pytest.mark.slow
def test_where_no_cluster_is_the_tag_alone_moves(worse: Project) -> None:
    assert act(worse, "--no-deploy").status == 0
    assert (at(worse), deployed(worse)) == (B, [])


@pytest.mark.slow
@pytest.mark.parametrize("status", [1, 2])
def test_what_is_not_served_is_not_in_production_and_not_told(
    worse: Project, slack: Slack, status: int
) -> None:
    done = act(worse, status=status)
    assert (done.status, at(worse), slack.texts) == (status, C, []), done
    assert "Traceback" not in done.output
    assert act(worse).status == 0
    assert (at(worse), slack.texts) == (B, [SAID])


@pytest.mark.slow
def test_what_came_into_production_while_it_deployed_stays(worse: Project, slack: Slack) -> None:
    other = somebody(worse)
    done = act(worse, meanwhile=lambda: promote.main([D, "--repo", str(other)]))
    assert (done.status, at(worse), slack.texts) == (3, D, []), done


@pytest.mark.slow
def test_what_somebody_put_back_stays(worse: Project, slack: Slack) -> None:
    act(worse)
    assert worse.release("promote", C, "--again").status == 0
    done = act(worse)
    assert (done.status, at(worse), len(slack.texts)) == (0, C, 1), done
    assert "put it back after a rollback: a person's to decide" in done.output


@pytest.mark.slow
def test_the_other_kind_is_left_alone_and_one_s_trouble_is_not_the_other_s(
    worse: Project, slack: Slack
) -> None:
    promoted(worse, "svdpp@v1.0.0", "svdpp@v1.1.0")
    both = evaluation(C, B)
    other = evaluation("svdpp@v1.1.0", "svdpp@v1.0.0")
    for key in ("models", "releases"):
        both[key] |= other[key]
    committed(worse, both)
    git(worse.work, "tag", "-a", "-m", "bad", "svd@v1.1.0!", "svd@v1.1.0^{commit}")
    git(worse.work, "push", "--quiet", "origin", "svd@v1.1.0!")
    done = act(worse)
    assert (done.status, at(worse), at(worse, "svdpp")) == (0, C, "svdpp@v1.0.0"), done
    assert f"{C}: worse than {B}, and a rollback would put {A} there" in done.output
    assert len(slack.texts) == 1


@pytest.mark.parametrize(
    ("params", "document", "said"),
    [
        (PARAMS.replace("true", "false"), evaluation(C, B), "act.roll_back is off"),
        (PARAMS, None, "HEAD has no metrics/online.json"),
        (PARAMS, evaluation(B, A), f"{C}: is in production and not judged; worse was {B}"),
    ],
    ids=["off", "not evaluated", "another release"],
)
def test_what_calls_for_nothing_is_said(
    sold: Project, params: str, document: dict[str, object] | None, said: str
) -> None:
    promoted(sold, A, B, C)
    committed(sold, document, params)
    done = act(sold)
    assert (done.status, deployed(sold), at(sold), said in done.output) == (0, [], C, True), done


@pytest.mark.parametrize(
    ("params", "document", "said"),
    [
        (PARAMS.replace("roll_back", "rollback"), evaluation(), "act: unknown key 'rollback'"),
        (PARAMS.replace("0.1", "0.6"), evaluation(), "least_share must be above 0 and at most 0.5"),
        ("routing: {}\n", evaluation(), "params.yaml: act: expected a mapping"),
        (PARAMS, "half", "metrics/online.json of HEAD: not as online evaluation writes it"),
    ],
)
def test_what_is_to_be_mended_is_said_in_a_line(
    sold: Project, params: str, document: dict[str, object] | str, said: str
) -> None:
    promoted(sold, A, B, C)
    committed(sold, document, params)
    done = act(sold)
    assert (done.status, deployed(sold), at(sold), said in done.output) == (2, [], C, True), done
    assert len(done.output.splitlines()) == 1, done


@pytest.mark.slow
def test_killed_between_deploy_and_tag_it_is_finished_by_the_next(
    worse: Project, slack: Slack
) -> None:
    died = act(worse, meanwhile=lambda: os.kill(os.getpid(), signal.SIGKILL))
    assert (died.status, at(worse), slack.texts) == (-signal.SIGKILL, C, [])
    assert act(worse).status == 0
    assert (at(worse), slack.texts) == (B, [SAID])


@pytest.mark.slow
def test_killed_before_any_call_it_goes_one_step_and_tells_it(
    worse: Project, slack: Slack, tmp_path: Path
) -> None:
    for call in itertools.count():
        slack.texts.clear()
        copy = worse.copy(tmp_path / f"killed-{call}")
        died = act(copy, die_before=call)
        assert died.status in (-signal.SIGKILL, 0), died
        assert act(copy).status == 0
        assert act(copy).status == 0
        tags = git(copy.origin, "tag", "--list", "svd#*").split()
        assert (tags, at(copy)) == ([f"svd#prod#{n}" for n in (1, 2, 3, 4)], B), call
        # Between Slack's having it and the origin's being told so, it is told twice.
        assert slack.texts == [SAID] * (2 if call == 6 else 1), call
        if died.status == 0:
            break
    assert call == 7, "fetch; fetch, mktag, push, update-ref; fetch, push"
