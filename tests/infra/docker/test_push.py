"""Images into a real registry: once, under names that keep their content, whoever is killed."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from infra.registry.client import COMMIT, VERSION, Registry
from infra.registry.engine import let_in
from infra.registry.push import Image, inspect, push
from infra.release import image
from infra.release.sbom import write_sbom
from infra.release.tag import resolve
from infra.repository import git
from movierec.errors import BadInput, Unavailable
from tests.infra.docker.containers import HARDENED, docker, get, ready
from tests.infra.docker.registry import PASSWORD, Server, serving, throw_away
from tests.infra.registry.standin import nobody
from tests.infra.release.tagged import small, tag
from tests.infra.release.test_code import committed
from tests.waiting import until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

ROOT = Path(__file__).resolve().parents[3]
NAME = "svd@v0.0.9002"
IMAGE = "movierec:svd-v0.0.9002"
OTHER = "movierec:svd-v0.0.9003"
BIG = 64 << 20
PYTHONS = """
from importlib.metadata import distributions
for one in distributions(path=__import__("glob").glob("/venv/lib/python3*/site-packages")):
    print(one.name.lower().replace("_", "-") + "@" + one.version)
"""
SECONDS = 120.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("registry")) as own:
        yield own


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repository = small(tmp_path_factory.mktemp("released"))
    tag(repository, NAME)
    return repository


@pytest.fixture
def told(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our environment says which registry it is."""
    for name, value in server.variables().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def thrown_away(server: Server) -> Iterator[list[str]]:
    """Names of images that a test makes."""
    names: list[str] = []
    yield names
    throw_away(server, names)


def imported(content: bytes, names: list[str], name: str = OTHER) -> Image:
    """An image of one file."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo("content")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    labels = f"LABEL {VERSION}=svd@v0.0.9003 {COMMIT}={'c' * 40}"
    command = ["docker", "import", "--change", labels, "-", name]
    done = subprocess.run(command, input=packed.getvalue(), capture_output=True, check=True)
    names.append(name)
    return inspect(name, done.stdout.decode().strip())


def test_a_release_is_pushed_once_found_by_its_digest_and_answers(
    project: Path,
    server: Server,
    told: None,
    thrown_away: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    thrown_away += [IMAGE, f"{server.host}/{IMAGE}"]
    command = [NAME, "--push", "--repo", str(project), "--", "--network", "host"]
    assert image.main(command) == 0
    output = capsys.readouterr()
    built, reference = output.out.splitlines()
    assert built.startswith(f"{IMAGE} sha256:") and output.err == f"{IMAGE}: pushed\n"
    released = resolve(project, NAME)
    found = server.registry().find(released)
    assert found.reference == reference
    assert (found.commit, found.version) == (released.commit, NAME)
    digests = docker("image", "inspect", "--format", "{{json .RepoDigests}}", IMAGE)
    assert reference in json.loads(digests)

    for name in thrown_away:
        docker("image", "rm", "--force", name)
    listed = tmp_path / "list.json"
    assert image.main([NAME, "--sbom", str(listed), *command[1:]]) == 0, "again, as elsewhere"
    output = capsys.readouterr()
    assert output.out.splitlines()[1:] == [reference]
    assert output.err == f"{IMAGE}: the registry has it already\n"
    assert_lists_what_is_in(listed, reference)
    write_sbom(inspect(IMAGE, reference), tmp_path / "again.json")
    assert listed.read_bytes() == (tmp_path / "again.json").read_bytes()

    thrown_away.append(reference)
    for name in thrown_away:
        docker("image", "rm", "--force", name)
    with let_in(server.settings()) as allowed:
        allowed.run("pull", "--quiet", reference, about="pull")
    with ready(reference, HARDENED) as container:
        assert json.loads(get(container, "/version"))["model"] == NAME
        assert len(set(get(container, "/recommend/1").split(","))) == 20


def test_the_routers_code_is_pushed_by_its_commit_and_built_once(
    server: Server,
    told: None,
    thrown_away: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    repository = committed(tmp_path)
    commit = git(repository, "rev-parse", "HEAD").strip()
    name = f"movierec-router:{commit}"
    thrown_away.append(name)
    command = ["router", "--push", "--repo", str(repository), "--", "--network", "host"]
    assert image.main(command) == 0
    reference = capsys.readouterr().out.splitlines()[-1]
    found = server.registry().look(name)
    assert found is not None and (found.commit, found.reference) == (commit, reference)
    assert image.main(command) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == (f"{reference}\n", f"{name}: the registry has it already\n")


def assert_lists_what_is_in(path: Path, image: str) -> None:
    """That an image's list names what its own tools find in it."""
    found = json.loads(path.read_text())
    urls = [part["purl"].partition("?")[0] for part in found["components"]]
    asked = [
        ("pypi", "python", "-c", PYTHONS),
        ("deb/debian", "dpkg-query", "-W", "-f", "${Package}@${Version}\n"),
    ]
    for kind, *command in asked:
        own = sorted(
            f"pkg:{kind}/{line}" for line in docker("run", "--rm", image, *command).split()
        )
        assert sorted(unquote(u) for u in urls if u.startswith(f"pkg:{kind}/")) == own
        assert len(own) > 10
    assert [u for u in urls if u.startswith("pkg:generic/python@3.")]
    assert found["metadata"]["component"]["version"] == "svd-v0.0.9002"
    assert "serialNumber" not in found and "timestamp" not in found["metadata"]


def test_a_name_keeps_its_content(server: Server, thrown_away: list[str]) -> None:
    first = imported(b"first", thrown_away)
    kept, new = push(server.registry(), first)
    assert new and kept.commit == "c" * 40
    second = imported(b"second", thrown_away)
    with pytest.raises(BadInput) as refused:
        push(server.registry(), second)
    for digest in (kept.digest, second.identity):
        assert digest in str(refused.value)
    assert server.registry().look(OTHER) == kept
    assert push(server.registry(), first) == (kept, False)


def test_whoever_is_not_let_in_pushes_nothing(server: Server, thrown_away: list[str]) -> None:
    made = imported(b"third", thrown_away, "movierec:svd-v0.0.9004")
    with pytest.raises(Unavailable, match="refuses the credentials of pusher"):
        push(Registry(server.settings("wrong")), made)
    assert server.registry().look(made.name) is None


def test_a_registry_that_is_not_there_is_told(
    told: None, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = nobody()
    monkeypatch.setenv("IMAGES_REGISTRY", gone)
    with pytest.raises(Unavailable, match=f"the registry {gone}: no whole answer"):
        image.main(["router", "--push", "--repo", str(project)])


def uploads(server: Server) -> set[Path]:
    """What is under way to the registry, or was when somebody died."""
    return {path for path in server.images.glob("**/_uploads/*/data") if path.stat().st_size}


def in_mid_push(server: Server, made: Image, temporary: Path) -> subprocess.Popen[bytes]:
    """A child that pushes an image, some of which has reached the registry."""
    code = (
        "import sys; from infra.registry import client, push, settings; "
        "own = client.Registry(settings.ImagesSettings.from_environment()); "
        "print(push.push(own, push.inspect(*sys.argv[1:]))[0].reference)"
    )
    own = {"PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}", "TMPDIR": str(temporary)}
    before = uploads(server)
    child = subprocess.Popen(
        [sys.executable, "-c", code, made.name, made.identity],
        env={**os.environ, **server.variables(), **own},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: uploads(server) - before or child.poll() is not None, step=0.005)
    assert child.poll() is None, "it was too quick to be stopped"
    return child


def test_a_registry_killed_in_mid_push_has_it_after_the_next(
    server: Server, thrown_away: list[str], tmp_path: Path
) -> None:
    made = imported(os.urandom(BIG), thrown_away, "movierec:svd-v0.0.9005")
    child = in_mid_push(server, made, tmp_path)
    server.kill()
    server.start()
    assert server.registry().look(made.name) is None
    child.wait(SECONDS)  # Docker tries again: by itself, or by the next push
    found, _ = push(server.registry(), made)
    assert server.registry().look(made.name) == found
    assert push(server.registry(), made) == (found, False)


def test_killed_in_mid_push_it_finishes_and_leaves_no_password(
    server: Server, thrown_away: list[str], tmp_path: Path
) -> None:
    made = imported(os.urandom(BIG), thrown_away, "movierec:svd-v0.0.9006")
    child = in_mid_push(server, made, tmp_path)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    left = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert all(PASSWORD.encode() not in path.read_bytes() for path in left)
    assert list(tmp_path.glob("movierec-docker-*")), "it was under way"
    found, _ = push(server.registry(), made)
    assert server.registry().look(made.name) == found
