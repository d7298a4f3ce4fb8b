"""What a build does, by our Jenkinsfile and its scripts, with stand-ins for what takes its time."""

import os
import re
import subprocess

import pytest

from infra.ci.groups import GROUPS
from infra.prometheus.night import FAILED, RUN, SUCCESS
from infra.repository import git
from movierec.evaluation.validation import MEASURES
from tests.infra.ci.jenkinsfile.scratch import ROOT, Scratch
from tests.infra.ci.jenkinsfile.stages import ALL, RELEASE, TRAINING, UNITS, assert_ended_clean
from tests.infra.prometheus.batch import handed_over

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


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
        *["dvc repro preprocess drift", "dvc repro train baselines"],
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
