"""The jobs' scripts, run by a stand-in for Job DSL that refuses what it does not know."""

import json

import pytest
import yaml

from tests.infra.jenkins.conftest import ROOT

pytestmark = pytest.mark.slow
JOBS = ROOT / "infra/jenkins/jobs"
ORIGIN = "https://git.example.org/movierec.git"


@pytest.fixture
def run(groovy, tmp_path):
    """Runs a script; path → values of each call."""
    environment = tmp_path / "environment.json"
    environment.write_text(json.dumps({"MOVIEREC_ORIGIN": ORIGIN}))

    def made(script):
        return {call["path"]: call["values"] for call in groovy("JobDsl", environment, script)}

    return made


def test_the_pipeline_is_of_every_branch_of_the_origin(run) -> None:
    made = run(JOBS / "pipeline.groovy")
    job, git = "multibranchPipelineJob", "multibranchPipelineJob/branchSources/git"
    assert made[job] == ["movierec"]
    assert made[f"{git}/remote"] == [ORIGIN]
    assert made[f"{git}/credentialsId"] == ["movierec-git"]
    script = made[f"{job}/factory/workflowBranchProjectFactory/scriptPath"]
    assert (ROOT / script[0]).is_file()


def test_the_nightly_job_starts_the_pipeline_of_master_and_nothing_else(run) -> None:
    made = run(JOBS / "nightly.groovy")
    pipeline = run(JOBS / "pipeline.groovy")["multibranchPipelineJob"][0]
    assert made["freeStyleJob/triggers/cron"] == ["H 2 * * *"]
    assert made["freeStyleJob/publishers/downstream"] == [f"{pipeline}/master", "SUCCESS"]
    assert not [path for path in made if path.startswith("freeStyleJob/steps")]


def test_every_script_is_run_by_the_configuration() -> None:
    casc = yaml.safe_load((ROOT / "infra/jenkins/casc.yaml").read_text())
    named = [job["file"].rsplit("/", 1)[1] for job in casc["jobs"]]
    assert sorted(named) == sorted(path.name for path in JOBS.iterdir())


@pytest.mark.parametrize(
    ("script", "refusal"),
    [
        ("freeStyleJob('a') { steps { shell('x') } }", "unknown: freeStyleJob/steps"),
        ("freeStyleJob('a') { triggers { cron(2) } }", "freeStyleJob/triggers/cron takes"),
        ("multibranchPipelineJob(ORIGIN) { }", "No such property: ORIGIN"),
    ],
)
def test_the_stand_in_refuses_what_it_does_not_know(run, tmp_path, script, refusal) -> None:
    (tmp_path / "job.groovy").write_text(script)
    with pytest.raises(AssertionError, match=refusal):
        run(tmp_path / "job.groovy")
