"""What stops a build: its tests, the gate, the origin, the remote, the registry, the cluster; what
is not done then, and who is told."""

import pytest

from infra.repository import git
from tests.infra.ci.jenkinsfile.scratch import Scratch
from tests.infra.ci.jenkinsfile.stages import RELEASE, TRAINING, UNITS, assert_ended_clean

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_failing_test_stops_the_build_and_the_other_groups_end(quick: Scratch) -> None:
    clone = quick.clone("person")
    (clone / "bad-group").write_text("preprocessing")
    quick.push(clone, "Break it")
    built = quick.build()
    assert (built.result, built.stages()) == ("FAILURE", ["unit tests", *UNITS])
    assert built.skipped() == dict.fromkeys([*TRAINING, *RELEASE], "earlier failure")
    assert all(built.steps(stage, "junit") for stage in UNITS)
    assert built.steps("unit tests", "recordCoverage") == []
    assert built.told() == ["https://jenkins.invalid/1 unit tests: FAILURE"]
    assert_ended_clean(quick, built)


def test_coverage_that_cannot_be_had_ends_the_build_and_is_told(quick: Scratch) -> None:
    quick.instead = {"-m coverage combine *": "exit 1"} | quick.instead
    built = quick.build()
    assert (built.result, built.stages()) == ("FAILURE", ["unit tests", *UNITS])
    assert built.told() == ["https://jenkins.invalid/1 unit tests: FAILURE"]


def test_when_both_models_are_refused_the_build_is_unstable_and_nothing_goes_out(
    quick: Scratch,
) -> None:
    quick.judge(svd=False, svdpp=False)
    built = quick.build()
    assert (built.result, built.stages()) == ("UNSTABLE", ["unit tests", *UNITS, *TRAINING])
    assert built.skipped() == dict.fromkeys(RELEASE, "unstable")
    assert built.told() == ["https://jenkins.invalid/1 gate: UNSTABLE"]
    assert "svd: refused: bad RMSE" in built.log
    assert git(quick.origin, "tag", "--list") == ""
    assert git(quick.origin, "log", "-1", "--format=%s").strip() == "Evaluate what was answered"
    assert_ended_clean(quick, built)


def test_a_model_that_is_refused_alone_does_not_keep_the_other(quick: Scratch) -> None:
    quick.judge(svd=True, svdpp=False)
    quick.instead["-m infra.release register *"] = """git tag -a -m . svd@v1.0.0
echo 'svd@v1.0.0: released (the first one)'; echo 'svdpp: refused by the gate: bad RMSE'; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.skipped() == {"deploy svdpp": "when"}
    assert "-m infra.release deploy svd@v1.0.0" in quick.asked()


def test_who_is_first_every_time_ends_the_build(quick: Scratch) -> None:
    quick.instead["-m infra.release register *"] = "exit 3"
    built = quick.build(MOVIEREC_TRIES="2")
    assert built.result == "FAILURE"
    assert built.told() == ["https://jenkins.invalid/1 register: FAILURE"]
    asked = quick.asked()
    assert asked.count("-m infra.release register --branch master") == 2
    assert asked.count("-m infra.release window --last 14") == 2
    assert built.skipped() == dict.fromkeys(RELEASE[1:], "earlier failure")
    assert_ended_clean(quick, built)


def test_what_the_gate_refuses_after_a_rivals_change_leaves_the_build_unstable(
    quick: Scratch,
) -> None:
    """The gate is asked again, and register says the same."""
    rival = quick.clone("rival")
    no = '{"svd": {"pass": false, "reasons": ["bad RMSE"]}}'
    quick.instead["-m infra.release register *"] = f"""[ ! -e {quick.folder}/came ] || exit 1
touch {quick.folder}/came; cd {rival}; git pull -q; echo '{no}' > verdict.json
git commit --quiet --all --message 'Judge'; git push --quiet origin HEAD:master; exit 3"""
    built = quick.build()
    assert (built.result, built.stages()[-1]) == ("UNSTABLE", "register")
    assert built.skipped() == dict.fromkeys(RELEASE[1:], "unstable")
    assert built.told() == ["https://jenkins.invalid/1 register: UNSTABLE"]


def test_a_deployment_that_was_put_back_ends_the_build_and_promotes_nothing(
    quick: Scratch,
) -> None:
    said = 'echo "$4: the smoke test failed, what was there before is put back"; exit 1'
    quick.instead["-m infra.release deploy *"] = said
    built = quick.build()
    assert (built.result, built.stages()[-1]) == ("FAILURE", "deploy svd")
    assert built.skipped() == dict.fromkeys(RELEASE[4:], "earlier failure")
    assert "what was there before is put back" in built.log
    assert built.told() == ["https://jenkins.invalid/1 deploy svd: FAILURE"]
    assert not [line for line in quick.asked() if "promote" in line]
    assert git(quick.origin, "tag", "--list", "*#prod#*") == ""
    assert_ended_clean(quick, built)


def test_what_cannot_be_acted_on_ends_the_build_before_anything_new_goes_out(
    quick: Scratch,
) -> None:
    quick.instead["-m infra.release act *"] = "echo 'error: Slack was not told' >&2; exit 2"
    built = quick.build()
    assert (built.result, built.stages()[-1]) == ("FAILURE", "verdict")
    assert built.skipped() == dict.fromkeys([*TRAINING[2:], *RELEASE], "earlier failure")
    assert built.told() == ["https://jenkins.invalid/1 verdict: FAILURE"]
    taken_up, handed = quick.asked()[-2:]
    assert taken_up == "-m infra.release incumbent", "what was done is taken up first"
    assert handed == "-m infra.prometheus.handover --outcome failure"
    assert_ended_clean(quick, built)


@pytest.mark.parametrize(
    ("stage", "asked", "said"),
    [
        ("register", "-m infra.release register *", "the DVC remote `s3` is full"),
        ("push images", "-m infra.release image * --push *", "the registry is not there"),
    ],
)
def test_what_is_not_taken_ends_the_build_and_nothing_after_it_is_begun(
    quick: Scratch, stage: str, asked: str, said: str
) -> None:
    """By the remote, or by the registry: what is in production stays."""
    ended = {asked: f"echo 'error: {said}' >&2; exit 2"}
    quick.instead = ended | quick.instead | ended  # the first pattern that fits
    built = quick.build()
    assert (built.result, built.stages()[-1]) == ("FAILURE", stage)
    assert f"error: {said}" in built.log
    left_out = RELEASE[RELEASE.index(stage) + 1 :]
    assert built.skipped() == dict.fromkeys(left_out, "earlier failure")
    assert built.told() == [f"https://jenkins.invalid/1 {stage}: FAILURE"]
    assert not [line for line in quick.asked() if "deploy" in line or "promote" in line]
    assert_ended_clean(quick, built)
