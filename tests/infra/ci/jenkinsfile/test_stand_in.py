"""The stand-in for Jenkins: it refuses what it does not know, and keeps secrets out of its log."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.repository import environment
from tests.infra.ci.jenkinsfile.scratch import JAVA, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TOP = "pipeline { agent { label 'x' }\n%s }"
ONE = TOP % "stages { stage('a') { steps { %s } } }"
REFUSED = {
    "a step": (ONE % "echo 'x'", "steps of a: unknown: echo"),
    "script": (ONE % "script { sh 'true' }", "steps of a: unknown: script"),
    "an argument": (ONE % "junit(testResults: 'x', age: 3)", "junit: unknown argument age"),
    "a missing argument": (ONE % "slackSend(color: 'x')", "slackSend: no argument message"),
    "Groovy in a command": (ONE % 'sh "echo ${env.PATH}"', "sh: interpolated by Groovy"),
    "a directive": (TOP % "tools { jdk 'x' }", "pipeline: unknown: tools"),
    "an option": (TOP % "options { retry(3) }", "options: unknown: retry"),
    "an option of all": (
        TOP % "stages { stage('a') { options { skipStagesAfterUnstable() }; steps { } } }",
        "skipStagesAfterUnstable is of the whole pipeline",
    ),
    "a condition": (
        TOP % "stages { stage('a') { when { tag 'x' }; steps { } } }",
        "when: unknown: tag",
    ),
    "an expression": (
        TOP % "stages { stage('a') { when { expression { readFile('x') } }; steps { } } }",
        "expression: unknown: readFile",
    ),
    "a post": (TOP % "post { fixed { deleteDir() } }", "post of pipeline: unknown: fixed"),
    "a trigger": (TOP % "triggers { pollSCM('x') }", "triggers: unknown: pollSCM"),
    "nothing to do": (TOP % "stages { stage('a') { } }", "stage a: steps or parallel?"),
    "two of one name": (
        TOP % "stages { stage('a') { steps { } }; stage('a') { steps { } } }",
        "a second stage `a`",
    ),
    "Groovy around": ("def x = 1\nnode { }", "outside of pipeline: node"),
}


def scenario(folder: Path, text: str, **more: Any) -> Path:
    """That of a Jenkinsfile of this text."""
    (folder / "workspace").mkdir(parents=True)
    (folder / "Jenkinsfile").write_text(text)
    given = {
        "jenkinsfile": str(folder / "Jenkinsfile"),
        "workspace": str(folder / "workspace"),
        "folder": str(folder),
        "env": {"BRANCH_NAME": "master"},
        "credentials": {},
        **more,
    }
    (folder / "scenario.json").write_text(json.dumps(given))
    return folder / "scenario.json"


def jenkins(classpath: str, *scenarios: Path) -> None:
    """Run these, one after the other."""
    command = [*JAVA, "-cp", classpath, "Harness", *map(str, scenarios)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def events_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def run(folder: Path, classpath: str, text: str, **more: Any) -> list[dict[str, Any]]:
    """The events of a Jenkinsfile of this text."""
    jenkins(classpath, scenario(folder, text, **more))
    return events_in(folder)


def test_what_it_does_not_know_is_refused(tmp_path: Path, classpath: str) -> None:
    jenkins(classpath, *(scenario(tmp_path / what, text) for what, (text, _) in REFUSED.items()))
    for what, (_, why) in REFUSED.items():
        assert why in events_in(tmp_path / what)[-1].get("refused", ""), what


def test_a_secret_is_put_out_of_sight_and_only_there_inside(tmp_path: Path, classpath: str) -> None:
    inside = "withCredentials([string(credentialsId: 'c', variable: 'X')]) { sh 'echo \"<$X>\"' }"
    given = {"c": {"secret": "canary"}}
    events = run(tmp_path, classpath, ONE % f"{inside}; sh 'echo \"[$X]\"'", credentials=given)
    assert events[-1] == {"result": "SUCCESS"}
    assert "<canary>" in (tmp_path / "raw").read_text()
    log = (tmp_path / "log").read_text()
    assert "canary" not in log
    assert "<****>" in log
    assert "[]" in log


def test_a_credential_that_is_not_there_ends_the_build(tmp_path: Path, classpath: str) -> None:
    inside = "withCredentials([string(credentialsId: 'c', variable: 'X')]) { sh 'true' }"
    assert run(tmp_path, classpath, ONE % inside)[-1] == {"result": "FAILURE"}


def test_what_takes_too_long_is_ended_and_post_is_done(tmp_path: Path, classpath: str) -> None:
    stage = """stage('a') { options { timeout(time: 1, unit: 'SECONDS') }
steps { sh 'sleep 1000' }
post { always { sh 'echo done > ended' } } }; stage('b') { steps { sh 'true' } }"""
    events = run(tmp_path, classpath, TOP % f"stages {{ {stage} }}")
    assert events[-1] == {"result": "ABORTED"}
    assert {"stage": "b", "skipped": "earlier failure"} in events
    assert (tmp_path / "workspace/ended").exists()


def test_the_stand_in_says_what_it_is() -> None:
    head = (ROOT / "tests/infra/ci/jenkinsfile/Harness.groovy").read_text()
    assert head.startswith("// A stand-in for Jenkins, for tests")
