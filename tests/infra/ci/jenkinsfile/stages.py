"""The stages of our Jenkinsfile, in order, and how every build of it ends."""

from tests.infra.ci.jenkinsfile.built import Built
from tests.infra.ci.jenkinsfile.scratch import Scratch

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


def assert_ended_clean(scratch: Scratch, built: Built) -> None:
    """What is done however a build ends."""
    end = "success" if built.result == "SUCCESS" else "unsuccessful"
    assert built.posts(END) == ["always", end, "cleanup"]
    told = {"success": "success", "unsuccessful": "failure"}[end]
    assert built.steps(END) == [f"infra/ci/handover.sh {told}"]
    assert built.steps(END, "archiveArtifacts") != [[]]
    assert not scratch.workspace.exists()
