"""`make cluster-demo` as a whole, in a namespace of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.kubernetes.cluster import Cluster

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def test_the_demo_deploys_updates_tells_and_leaves_nothing(images: Path) -> None:
    namespace = f"movierec-demo-{os.getpid()}"
    options = ["--namespace", namespace, "--hand-over", os.environ["HAND_IMAGES"]]
    program = [sys.executable, "-m", "infra.demo.cluster", *options]
    done = subprocess.run(program, capture_output=True, text=True)
    print(f"\n{done.stdout}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d{3,} requests, \d+ failed", done.stdout)
    assert (
        done.stdout.count("ready   3 pods serve") == done.stdout.count("ending  2 pods serve") == 4
    )
    assert Cluster(namespace).attempt("get", "namespace", namespace).returncode
