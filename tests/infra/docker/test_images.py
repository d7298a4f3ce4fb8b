"""The images as Docker builds and runs them: what they carry, what they weigh, that they answer."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from movierec.models.kernels import svd
from movierec.models.saving import save_model
from tests.inputs.ratings import SCALE, dataset_of, random_ratings, svd_params

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[3]
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
GET = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080{}').read().decode())"


def docker(*arguments: str) -> str:
    """What a docker command prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def build(what: str, context: Path) -> str:
    """The tag of the image that build.sh makes from `context`."""
    tag = f"movierec-test-{what}"
    script = ROOT / "infra/docker/build.sh"
    environment = {"CONTEXT": str(context), "DOCKER_BUILD_OPTIONS": "--network host"}
    done = subprocess.run(
        ["env", *(f"{k}={v}" for k, v in environment.items()), str(script), what, tag],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return tag


def as_compose_runs(name: str) -> list[str]:
    """The options of `docker run` by which a container is bounded as its service of compose."""
    service = yaml.safe_load((ROOT / "infra/compose.yaml").read_text())["services"][name]
    volumes = [volume.split(":")[-1] for volume in service.get("volumes", [])]
    return [
        *(["--read-only"] if service["read_only"] else []),
        *(option for capability in service["cap_drop"] for option in ("--cap-drop", capability)),
        *(option for text in service["security_opt"] for option in ("--security-opt", text)),
        *(option for place in service["tmpfs"] for option in ("--tmpfs", place)),
        *(option for place in volumes for option in ("--volume", place)),
        *("--memory", service["mem_limit"]),
    ]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tracked files, and a small model where `dvc repro` leaves one."""
    folder = tmp_path_factory.mktemp("context")
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
    for name in filter(None, tracked.split("\0")):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    train = random_ratings(200, 60, 0.3)
    model = svd.fit(train, svd_params(), scale=SCALE)
    save_model(folder / "models/svd", model, dataset_of(train), {})
    return folder


@pytest.fixture(scope="module")
def service(context: Path) -> Iterator[str]:
    """A running container of the service, ready."""
    name = docker("run", "--detach", "--rm", *as_compose_runs("svd"), build("svd", context))
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(
            ["docker", "exec", name, "python", "-c", GET.format("/readyz")], capture_output=True
        ).returncode:
            assert time.monotonic() < deadline, docker("logs", name)
            time.sleep(0.5)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)


def test_the_service_answers_with_its_provenance(service: str) -> None:
    version = json.loads(docker("exec", service, "python", "-c", GET.format("/version")))
    assert version["model"] == "svd@unreleased"
    assert "," in docker("exec", service, "python", "-c", GET.format("/recommend/1"))


def test_a_worker_is_small(service: str) -> None:
    megabytes = json.loads(docker("exec", service, "python", "-c", RSS))
    print(f"RSS of the service: {megabytes} MB")
    assert max(megabytes.values()) <= MAX_WORKER_MB
    metrics = docker("exec", service, "python", "-c", GET.format("/metrics"))
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
    for tag in ("movierec-test-svd", build("collector", context)):
        told = subprocess.run(
            ["docker", "run", "--rm", "-i", tag, "python", "-", "--here"],
            input=(ROOT / "infra/ci/licences.py").read_text(), capture_output=True, text=True,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        assert "numpy " in told.stdout


def test_nobody_is_root(context: Path, service: str) -> None:
    for tag in ("movierec-test-svd", build("collector", context)):
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
