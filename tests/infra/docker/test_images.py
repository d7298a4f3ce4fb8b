"""The images as Docker builds and runs them: what they carry, what they weigh, that they answer."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.infra.docker.containers import (
    ROOT,
    as_compose_runs,
    build,
    docker,
    get,
    ready,
    try_to_build,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

MAX_PACKAGES_MB = 120
MAX_WORKER_MB = 70
WORKSHOP = {"dvc", "numba", "llvmlite", "surprise", "pyarrow", "scipy", "kafka", "pytest", "pip"}

RSS = """
import json, pathlib
found = {}
for status in pathlib.Path("/proc").glob("[0-9]*/status"):
    if b"serve.service" in (status.parent / "cmdline").read_bytes():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
        found[int(fields["Pid"])] = int(fields["VmRSS"].split()[0]) / 1024
print(json.dumps(found))
"""
COMPILED = """
from movierec.lines.parsing import parse_batch
from movierec.lines.watchlines import _read
from serve.collector.writer import NO_LINES
parse_batch(NO_LINES, 0)
print([sum(_read.stats.cache_hits.values()), sum(_read.stats.cache_misses.values())])
"""


@pytest.fixture(scope="module")
def service(context: Path) -> Iterator[str]:
    """A running container of the service, ready."""
    with ready(build("svd", context), as_compose_runs("svd")) as name:
        yield name


def test_an_image_of_the_work_tree_is_not_called_like_a_release(service: str) -> None:
    """Nor does what it answers say so."""
    assert docker("inspect", "--format", "{{.Config.Image}}", service) == "movierec-test:svd-dev"
    assert json.loads(get(service, "/version"))["model"] == "svd@dev"
    assert "," in get(service, "/recommend/1")


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("models/svd/users.npy", "of another model", "SHA-256 differs from manifest.json"),
        ("serve/service/__main__.py", "raise SystemExit(3)", "the service ended with 3"),
    ],
)
def test_a_model_that_does_not_verify_or_answer_is_built_no_image_of(
    context: Path, tmp_path: Path, file: str, content: str, says: str
) -> None:
    shutil.copytree(context, tmp_path / "context")
    (tmp_path / "context" / file).write_text(content)
    subprocess.run(
        ["docker", "image", "rm", "--force", "movierec-broken:svd-dev"]
    )  # an earlier run's
    done = try_to_build("svd", tmp_path / "context", "movierec-broken")
    assert done.returncode != 0
    assert says in done.stdout + done.stderr
    assert not docker("images", "--quiet", "movierec-broken")


def test_a_worker_is_small(service: str) -> None:
    megabytes = json.loads(docker("exec", service, "python", "-c", RSS))
    print(f"RSS of the service: {megabytes} MB")
    assert max(megabytes.values()) <= MAX_WORKER_MB
    metrics = get(service, "/metrics")
    families = {family.name: family for family in text_string_to_metric_families(metrics)}
    told = families["process_resident_memory_bytes"].samples[0].value / 2**20
    assert told == pytest.approx(max(megabytes.values()), rel=0.3)


def test_the_service_carries_nothing_of_the_workshop(service: str) -> None:
    packages = "/venv/lib/python3.11/site-packages"
    names = set(docker("exec", service, "ls", packages).split())
    assert names >= {"flask", "numpy"}
    assert not names & WORKSHOP
    size = int(docker("exec", service, "du", "-sm", packages).split()[0])
    print(f"site-packages of the service: {size} MB")
    assert size <= MAX_PACKAGES_MB
    app = docker("exec", service, "ls", "/app", "/app/stages", "/app/serve").split()
    assert not set(app) & {"tests", "infra", "train.py", "collector"}
    assert "command -v" not in docker("exec", service, "sh", "-c", "command -v gcc cc g++ || true")


def test_no_package_may_not_be_shipped(context: Path, service: str) -> None:
    for tag in ("movierec-test:svd-dev", build("collector", context)):
        told = subprocess.run(
            ["docker", "run", "--rm", "-i", tag, "python", "-", "--here"],
            input=(ROOT / "infra/ci/licences.py").read_text(), capture_output=True, text=True,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        assert "numpy " in told.stdout


def test_nobody_is_root(context: Path, service: str) -> None:
    for tag in ("movierec-test:svd-dev", build("collector", context)):
        user = json.loads(docker("inspect", "--format", "{{json .Config.User}}", tag))
        assert all(part.isdecimal() and int(part) > 0 for part in user.split(":"))


def test_the_collector_starts_and_compiles_nothing(context: Path) -> None:
    """It ends in one line that says what to set; the parser's machine code is in the image."""
    tag = build("collector", context)
    done = subprocess.run(
        ["docker", "run", "--rm", *as_compose_runs("collector"), tag],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: KAFKA_BOOTSTRAP_SERVERS is not set")
    for bounds in ([], as_compose_runs("collector")):
        assert json.loads(docker("run", "--rm", *bounds, tag, "python", "-c", COMPILED)) == [1, 0]
