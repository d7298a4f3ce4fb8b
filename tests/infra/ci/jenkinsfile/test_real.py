"""Builds of a project whose pipeline takes seconds: real DVC, git, pytest, register, promote."""

import re

import pytest

from infra.repository import git
from tests.infra.ci.jenkinsfile.built import Built
from tests.infra.ci.jenkinsfile.instead import QUICK
from tests.infra.ci.jenkinsfile.scratch import Scratch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def judged(built: Built) -> list[str]:
    """The stages of answers that ran."""
    return sorted(stage for stage in ran(built) if stage.startswith("online"))


def ran(built: Built) -> list[str]:
    """The stages that `dvc repro` ran, in order."""
    return re.findall(r"Running stage '(.+)':", built.log)


def tags(scratch: Scratch) -> list[str]:
    return git(scratch.origin, "tag", "--list").split()


def test_from_the_first_release_to_the_next_day(scratch: Scratch) -> None:
    # Whoever pushes when all is trained: the first to register finds the branch moved.
    rival = scratch.clone("rival")
    scratch.instead["-m infra.release register *"] = f"""if [ ! -e {scratch.folder}/came ]; then
touch {scratch.folder}/came; cd {rival}; git pull --quiet
sed -i 's/svd: .n_factors: 4/svd: {{n_factors: 6/' params.yaml
git commit --quiet --all --message 'More factors'
git push --quiet origin HEAD:master
cd - >/dev/null; fi"""
    first = scratch.build()
    assert first.result == "SUCCESS", first.log
    assert first.skipped() == {}
    trained = [stage for stage in ran(first) if not stage.startswith(("evaluate", "online"))]
    assert judged(first) == ["online@2026-11-01", "online@2026-11-02", "online_merge"]
    days = ["aggregate@2026-11-01", "aggregate@2026-11-02"]
    assert sorted(trained[:2]) == days  # DVC knows no order between days
    assert sorted(trained[2:4]) == ["drift", "preprocess"]  # nor between these
    # What a release commits is made again on what the rival has.
    once = [stage for stage in trained[2:] if stage not in ("baselines", "drift", "gate")]
    assert "baselines" in trained
    assert (once[0], sorted(once[1:3])) == ("preprocess", ["train@svd", "train@svdpp"])
    assert once[3:] == ["train@svd"], "of more factors, by the rival"
    release = ["svd#prod#1", "svd@v1.0.0", "svdpp#prod#1", "svdpp@v1.0.0"]
    assert tags(scratch) == release
    history = git(scratch.origin, "log", "--format=%s", "master").splitlines()
    assert history == [
        "Release svd@v1.0.0, svdpp@v1.0.0",
        "More factors",
        "Evaluate what was answered",
        "Begin",
    ]
    assert "svd: {n_factors: 6" in git(scratch.origin, "show", "svd@v1.0.0^{commit}:params.yaml")
    assert git(scratch.origin, "show", "svd@v1.0.0^{commit}:reports/drift.json").strip() == "2"

    # Nothing came since: nothing is trained, released or deployed again.
    scratch.instead |= {pattern: QUICK[pattern] for pattern in QUICK if "coverage" in pattern}
    second = scratch.build()
    assert second.result == "SUCCESS", second.log
    made = {"aggregate", "baselines", "drift", "train", "evaluate"}
    assert not {stage.split("@")[0] for stage in ran(second)} & made
    assert judged(second) == []
    assert second.skipped() == {"deploy svd": "when", "deploy svdpp": "when"}
    assert tags(scratch) == release

    # A night later, on an agent that has nothing: what is known comes from the remote.
    scratch.close("2026-11-03")
    (scratch.folder / "cache").rename(scratch.folder / "another")
    third = scratch.build()
    assert third.result == "SUCCESS", third.log
    assert [stage for stage in ran(third) if "aggregate" in stage] == ["aggregate@2026-11-03"]
    assert judged(third) == ["online@2026-11-03", "online_merge"]
    assert {"svd@v1.0.1", "svdpp@v1.0.1", "svd#prod#2", "svdpp#prod#2"} < set(tags(scratch))
    assert "svd@v1.0.1: released (other data)" in third.log
