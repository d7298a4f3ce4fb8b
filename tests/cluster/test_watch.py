"""A real API server knows what describes who watches."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster
WATCH = Path(__file__).resolve().parents[2] / "infra/kubernetes/watch"


def test_kustomize_makes_it_and_the_api_server_takes_it() -> None:
    """Only asked: a cluster may have a namespace `monitoring` of its own."""
    made = subprocess.run(["kubectl", "kustomize", str(WATCH)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    command = ["kubectl", "apply", "--dry-run=client", "--output=json", "--filename=-"]
    done = subprocess.run(command, input=made.stdout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = [thing["metadata"]["name"] for thing in json.loads(done.stdout)["items"]]
    assert any(name.startswith("rules-") for name in names)
