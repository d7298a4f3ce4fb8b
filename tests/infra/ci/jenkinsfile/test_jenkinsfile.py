"""What a build does, by our Jenkinsfile and its scripts, with stand-ins for what takes its time."""

import os
import re
import subprocess

import pytest

from infra.ci.groups import GROUPS
from infra.prometheus.night import FAILED, RUN, SUCCESS
from infra.repository import git
from movierec.evaluation.validation import MEASURES
from tests.infra.ci.jenkinsfile.built import Built
from tests.infra.ci.jenkinsfile.scratch import ROOT, Scratch
from tests.infra.ci.processes import lives
from tests.infra.prometheus.batch import handed_over

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

UNITS = [
    "unit tests 1: data quality",
    "unit tests 2: data collection",
    "unit tests 3: preprocessing",
    "unit tests 4: model training and offline evaluation",
    "unit tests 5: online evaluation",
]
TRAINING = [
    "data fetching",
    "verdict",
    "data preprocessing",
    "model retraining",
    "offline evaluation",
    "gate",
]
RELEASE = [
    "register",
    "build images",
    "push images",
    "deploy svd",
    "deploy svdpp",
    "smoke",
    "online evaluation",
    "expire",
]
ALL = ["unit tests", *UNITS, *TRAINING, *RELEASE]
END = "Declarative: Post Actions"


@pytest.fixture
def quick(scratch: Scratch) -> Scratch:
    return scratch.quick()


def assert_ended_clean(scratch: Scratch, built: Built) -> None:
    """What is done however a build ends."""
    end = "success" if built.result == "SUCCESS" else "unsuccessful"
    assert built.posts(END) == ["always", end, "cleanup"]
    told = {"success": "success", "unsuccessful": "failure"}[end]
    assert built.steps(END) == [f"infra/ci/handover.sh {told}"]
    assert built.steps(END, "archiveArtifacts") != [[]]
    assert not scratch.workspace.exists()


def test_a_commit_to_master_goes_all_the_way(quick: Scratch) -> None:
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.stages() == ALL
    assert (built.skipped(), built.told()) == ({}, [])
    assert built.events[0]["cron"] == ["H 2 * * *"]
    assert built.events[0]["alone"] is True
    assert all(event["seconds"] for event in built.events if event.get("began"))
    asked = [line.removeprefix("-m infra.release ") for line in quick.asked()]
    order = [
        *["window --last 14", "incumbent"],
        *["dvc repro online_merge", "act --branch master", "incumbent"],
        *["dvc repro preprocess drift", "dvc repro train"],
        *["dvc repro gate", "dvc repro drift gate", "register --branch master"],
        *["image svd@v1.0.0", "image svdpp@v1.0.0"],
        *[f"image {k}@v1.0.0 --push --sbom .cache/ci/sbom-{k}.json" for k in ("svd", "svdpp")],
        *["deploy svd@v1.0.0", "promote svd@v1.0.0", "deploy svdpp@v1.0.0", "promote svdpp@v1.0.0"],
        *["status", "dvc repro online_merge"],
        "-m infra.ci.online --output .cache/ci/online/online.html",
        *[f"expire --store {quick.folder}/store --apply", "reproduce --any"],
    ]
    assert [line for line in asked if line in order] == order
    paths = ["/arms/svd/recommend/7", "/arms/svdpp/recommend/7", "/recommend/7", "/recommend/8"]
    curled = [line.removeprefix("curl ") for line in asked if line.startswith("curl ")]
    assert curled == [f"https://router.invalid{path}" for path in paths]
    assert built.steps("unit tests", "recordCoverage") == [["0.9"]]
    assert built.steps("unit tests", "publishHTML") == ["Coverage"]
    assert built.steps("offline evaluation", "plot") == [
        [f".cache/ci/evaluation/plot-{measure}.csv"] for measure in MEASURES
    ]
    assert sorted(p.name for p in (built.folder / "html").rglob("*.html")) == [
        "evaluation.html",
        "index.html",
        "online.html",
    ]
    assert git(quick.origin, "show", "--format=%an: %s", "--name-only", "master").split("\n") == [
        "movierec releases: Evaluate what was answered",
        "",
        *("data/online/window.yaml", "dvc.lock", "metrics/online.json"),
        "metrics/online/2026-11-01.json",
        "metrics/online/2026-11-02.json",
        "",
    ]
    for kind in ("svd", "svdpp"):
        card = built.folder / f"archive/.cache/ci/card-{kind}.html"
        assert card.read_text() == f"the card of {kind}@v1.0.0\n"
    assert_ended_clean(quick, built)


def test_the_timer_goes_all_the_way_and_brings_out_nothing_twice(quick: Scratch) -> None:
    """Nobody has committed and no day has closed since the build before."""
    assert quick.build().result == "SUCCESS"
    quick.asked()
    quick.instead["-m infra.release register *"] = """for kind in svd svdpp; do
echo "$kind@v1.0.0: released before, all is done"; done; exit 0"""
    before = git(quick.origin, "for-each-ref")
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.events[0]["cron"] == ["H 2 * * *"]
    assert built.skipped() == {"deploy svd": "when", "deploy svdpp": "when"}
    asked = " ".join(quick.asked())
    assert not re.search("release (image|deploy|promote|card) ", asked)
    assert "release reproduce --any" in asked
    assert git(quick.origin, "for-each-ref") == before
    assert_ended_clean(quick, built)


def test_each_group_of_tests_is_one_stage_and_publishes_its_cases(quick: Scratch) -> None:
    built = quick.build("PR-7", CHANGE_ID="7", CHANGE_TARGET="master")
    for stage, group in zip(UNITS, GROUPS, strict=True):
        assert built.steps(stage) == [f"infra/ci/unit.sh {group}"]
        assert built.steps(stage, "junit") == [[f".cache/ci/unit/{group}.xml"]]


@pytest.mark.parametrize("branch", ["PR-7", "feature/x"])
def test_a_pull_request_stops_after_the_tests_and_says_nothing(quick: Scratch, branch: str) -> None:
    before = git(quick.origin, "for-each-ref")
    built = quick.build(branch)
    assert (built.result, built.stages()) == ("SUCCESS", ["unit tests", *UNITS])
    assert built.skipped() == dict.fromkeys([*TRAINING, *RELEASE], "when")
    assert built.events[0]["cron"] == [""]
    assert not [event for event in built.events if event.get("step") == "withCredentials"]
    assert built.told() == []
    assert git(quick.origin, "for-each-ref") == before
    assert_ended_clean(quick, built)


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


def test_how_a_night_of_master_ended_is_handed_over(quick: Scratch) -> None:
    """The last success is known after a failure; another branch says nothing."""
    del quick.instead["-m infra.prometheus.handover *"]
    folder = quick.folder / "handed over"
    folder.mkdir()
    told = {"METRICS_TEXTFILE_DIR": str(folder)}
    assert quick.build("PR-7", **told).result == "SUCCESS"
    assert list(folder.iterdir()) == []
    built = quick.build(**told)
    assert built.result == "SUCCESS", built.log
    before = handed_over(folder)
    assert before[FAILED,] == 0
    quick.instead["-m infra.release expire *"] = "exit 2"
    assert quick.build(**told).result == "FAILURE"
    after = handed_over(folder)
    assert after[FAILED,] == 1
    assert after[SUCCESS,] == before[SUCCESS,] == before[RUN,] < after[RUN,]


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


def test_what_act_pushed_is_taken_up_by_the_same_build(quick: Scratch) -> None:
    """Weights move by a commit, which the release of the night stands on."""
    clone = quick.clone("verdict")
    quick.instead["-m infra.release act *"] = f"""cd {clone}; git pull -q
echo '# moved' >> params.yaml; git commit -qam 'Give svdpp more users'; git push -q; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    subjects = git(quick.origin, "log", "--format=%s", "master").splitlines()
    assert subjects[:2] == ["Give svdpp more users", "Evaluate what was answered"]


def test_what_was_taken_out_of_production_is_not_deployed_again(quick: Scratch) -> None:
    """The next build finds it released before; whoever rolled back decides."""
    clone = quick.clone("person")
    for tag in ("svd@v1.0.0", "svd#prod#1", "svdpp@v1.0.0"):
        git(clone, "tag", "--annotate", "--message", ".", tag)
    git(clone, "push", "--quiet", "--tags", "origin")
    quick.instead["-m infra.release register *"] = """for kind in svd svdpp; do
echo "$kind@v1.0.0: released before, all is done"; done; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.skipped() == {"deploy svd": "when"}
    assert "svdpp@v1.0.0 is to be deployed" in built.log


def test_what_was_taken_back_is_not_deployed_though_it_never_was(quick: Scratch) -> None:
    clone = quick.clone("person")
    for tag in ("svd@v1.0.0", "svdpp@v1.0.0", "svdpp@v1.0.0!"):
        git(clone, "tag", "--annotate", "--message", ".", tag)
    git(clone, "push", "--quiet", "--tags", "origin")
    quick.instead[
        "-m infra.release register *"
    ] = """echo "svd@v1.0.0: released before, all is done"
echo "svdpp@v1.0.0: released before and taken back: stays out of production"; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.skipped() == {"deploy svdpp": "when"}


def test_what_a_build_left_whose_jenkins_was_killed_is_no_part_of_the_next(quick: Scratch) -> None:
    started, normal = quick.folder / "started", quick.dvc
    quick.dvc = f"""if [ "$1 $2" = "repro train" ]; then
echo '{{}}' > metrics/half.json; echo half > dvc.lock; mkdir -p models; echo half > models/rows
echo $$ > {started}.new; mv {started}.new {started}; while :; do sleep 1; done
fi
mkdir -p metrics; {normal}"""
    quick.build(dies_at=started)
    assert (quick.workspace / "models/rows").exists()
    # The lock that a training finds is that of the verdict before it.
    quick.dvc = f"""if [ "$1 $2" = "repro train" ]; then
ls models metrics/half.json || :; echo "the lock: $(cat dvc.lock)"
fi
{normal}"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    for left in ("models", "metrics/half.json"):
        assert f"cannot access '{left}'" in built.log
    assert "the lock: {}\n" in built.log
    assert "ending what a run that was killed has left" in built.log
    assert not lives(started.read_text().strip())
    assert_ended_clean(quick, built)


def test_an_abort_ends_all_of_a_training_and_the_next_build_takes_up(quick: Scratch) -> None:
    started = quick.folder / "started"
    normal = quick.dvc
    # A training that does not heed TERM, and a child of it in a group of its own.
    quick.dvc = f"""if [ "$1 $2" = "repro train" ]; then
trap '' TERM; setsid sleep 1000 & echo "$$ $!" > {started}.new; mv {started}.new {started}
while :; do sleep 1; done
fi
{normal}"""
    built = quick.build(aborts_at=started)
    assert (built.result, built.stages()[-1]) == ("ABORTED", "model retraining")
    assert built.told() == ["https://jenkins.invalid/1 model retraining: ABORTED"]
    assert_ended_clean(quick, built)
    quick.dvc = normal
    again = quick.build()
    assert again.result == "SUCCESS", again.log
    assert "waiting for" not in again.log
    for number in started.read_text().split():
        assert not lives(number)


def test_every_step_is_one_call_of_a_script_or_a_verb_that_is_there() -> None:
    calls = re.findall(r"\bsh '(.*)'", (ROOT / "Jenkinsfile").read_text())
    assert len(calls) == len(re.findall(r"(?m)^ *sh\b", (ROOT / "Jenkinsfile").read_text())) > 15
    for call in calls:
        program = call.split()[0]
        if program == "python":
            words = call.split()
            assert words[1] == "-m"
            if words[2] == "infra.release":
                continue
            assert list(ROOT.glob(f"{words[2].replace('.', '/')}*")), call
        else:
            assert os.access(ROOT / program, os.X_OK), call
        assert not set("|&;<>`") & set(call), call


def test_the_scripts_are_as_shellcheck_wants_them() -> None:
    scripts = sorted((ROOT / "infra/ci").glob("*.sh"))
    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
