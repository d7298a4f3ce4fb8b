"""Users go to the better arm: in git, in the cluster, told once, and once whatever stops it."""

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.repository import git
from infra.router.weights import read_weights
from tests.infra.rancher.deployments import Deployments
from tests.infra.rancher.standin import StandIn, Token
from tests.infra.registry.certificates import Certified, certify
from tests.infra.release.acting.acts import FOLLOWS, PARAMS, act, committed
from tests.infra.release.acting.evaluation import compared
from tests.infra.release.project import Project
from tests.infra.release.shop import promoted
from tests.infra.slack.standin import Slack, standing

MOVED = '{"salt": "1", "weights": {"svd": 10, "svdpp": 90}}\n'
TOKEN = "kubeconfig-u-ci:canary-rancher"


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    with standing() as own:
        monkeypatch.setenv("SLACK_WEBHOOK", own.webhook)
        yield own


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def cluster(certified: Certified, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployments]:
    """A cluster, and the environment that finds it."""
    behind = Deployments("movierec")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with StandIn(behind, certified, {TOKEN: Token()}) as standin:
        monkeypatch.setenv("DEPLOY_URL", standin.url)
        monkeypatch.setenv("DEPLOY_TOKEN", TOKEN)
        monkeypatch.setenv("DEPLOY_CA", str(certified.ca))
        monkeypatch.setenv("DEPLOY_ROUTER", "https://router.invalid")
        yield behind


@pytest.fixture
def better(sold: Project) -> Project:
    """HEAD has an evaluation by which svdpp is better, and both are in production."""
    promoted(sold, "svd@v1.1.0", "svd@v1.2.0", "svdpp@v1.2.0")
    committed(sold, compared("svdpp better"), FOLLOWS)
    return sold


def weights(project: Project) -> dict[str, float]:
    """Those that the origin's branch has."""
    shown = project.folder / "shown.json"
    shown.write_text(git(project.origin, "show", "main:infra/kubernetes/router/routing.json"))
    return read_weights(shown).weights


def test_git_has_them_then_the_cluster_and_slack_is_told_once(
    better: Project, slack: Slack, cluster: Deployments
) -> None:
    done = act(better)
    assert (done.status, weights(better)) == (0, {"svd": 10, "svdpp": 90}), done
    assert cluster.routing.data == {"routing.json": MOVED}
    made = git(better.origin, "rev-parse", "main").strip()
    (text,) = slack.texts
    assert text.startswith(f"Users are dealt otherwise ({made[:10]}): online evaluation until")
    assert text.endswith(f"`git revert {made[:10]}`, and act.follow_verdict: false.")
    params = git(better.origin, "show", "main:params.yaml")
    assert 'since: "2026-11-26"' in params, "the day after it is the first that is whole"
    git(better.work, "pull", "--quiet", "--rebase")
    version = cluster.routing.version
    again = act(better)
    assert (again.status, len(slack.texts), cluster.routing.version) == (0, 1, version), again
    assert "svd has its least share" in again.output
    assert "the router has svd 10, svdpp 90, as before" in again.output
    assert git(better.origin, "rev-parse", "main").strip() == made


def test_it_is_done_only_where_params_allow_it(better: Project, slack: Slack) -> None:
    committed(better, None, PARAMS)
    done = act(better)
    assert (done.status, weights(better)) == (0, {"svd": 50, "svdpp": 50}), done
    assert slack.texts == [] and "weights" not in done.output


@pytest.mark.slow
def test_without_a_cluster_git_alone_has_them(better: Project) -> None:
    done = act(better)
    assert (done.status, weights(better)) == (0, {"svd": 10, "svdpp": 90}), done
    assert "`kubectl apply -k infra/kubernetes`" in done.output


@pytest.mark.slow
def test_killed_before_any_call_it_is_finished_by_the_next(
    better: Project, slack: Slack, cluster: Deployments, tmp_path: Path
) -> None:
    before = cluster.routing.data["routing.json"]
    for call in itertools.count():
        slack.texts.clear()
        cluster.routing.data["routing.json"] = before
        copy = better.copy(tmp_path / f"killed-{call}")
        died = act(copy, die_before=call)
        assert died.status in (-signal.SIGKILL, 0), died
        for _ in range(2):
            done = act(copy)
            assert done.status == 0, (call, done)
        assert git(copy.origin, "log", "--format=%s", "-2", "main").split("\n")[:2] == [
            "Give svdpp more users",
            "Evaluate",
        ], call
        assert cluster.routing.data == {"routing.json": MOVED}, call
        # Between Slack's having it and the origin's being told so, it is told twice.
        assert len(slack.texts) == (2 if call == 7 else 1), call
        if died.status == 0:
            break
    assert call == 8, "fetch; fetch, read-tree, write-tree, commit-tree, push; fetch, push"
