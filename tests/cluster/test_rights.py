"""What the API server lets nobody do in the namespace, and a release do."""

import json

import pytest

from infra.kubernetes.cluster import Cluster

pytestmark = pytest.mark.cluster


def test_a_pod_that_could_gain_a_right_is_refused(installed: Cluster) -> None:
    container = {"name": "app", "image": "movierec:any"}  # root, with Docker's capabilities
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "strong"}}
    given = json.dumps(pod | {"spec": {"containers": [container]}})
    done = installed.attempt("create", "--dry-run=server", "--filename", "-", given=given)
    assert done.returncode and 'violates PodSecurity "restricted' in done.stderr


@pytest.mark.parametrize(
    ("verb", "what", "may"),
    [
        ("patch", "deployments.apps/svd", True),
        ("patch", "deployments.apps/other", False),
        ("delete", "deployments.apps/svd", False),
        ("create", "pods", False),
        ("create", "pods/exec", False),
        ("get", "secrets", False),
    ],
)
def test_a_release_sets_images_and_nothing_else(
    installed: Cluster, verb: str, what: str, may: bool
) -> None:
    release = ("--as", "release", "--as-group", "movierec:deployers")
    done = installed.attempt("auth", "can-i", verb, what, *release)
    assert done.stdout.strip() == ("yes" if may else "no")
