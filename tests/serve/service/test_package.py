"""A package that is damaged never answers wrongly: neither before the port opens nor while it is
open. Every file of a small one of each kind, changed in every way of tests/inputs/damage.py."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from movierec.arrays import MANIFEST
from movierec.errors import UserError
from movierec.models.modelfile import load_model
from serve.service.app import create_app
from serve.settings import ServiceSettings
from tests.inputs import packages
from tests.inputs.damage import damaged
from tests.inputs.packages import STRANGER, WATCHER
from tests.serve.service.test_main import running

CHANGES = 4
"""Bytes changed of each file, and so many lengths; all of them would tell no more of a SHA-256."""


@pytest.fixture(scope="module", params=["svd", "svdpp"])
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packages.package(tmp_path_factory.mktemp(request.param) / "model", request.param)


def files(package: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file, which is as it was when the next one is given."""
    names = sorted(path.name for path in package.iterdir())
    assert MANIFEST in names and len(names) > 12
    for name in names:
        path = package / name
        content = path.read_bytes()
        yield path, content
        path.write_bytes(content)


def test_a_damaged_package_is_refused_in_one_line(package: Path) -> None:
    before = load_model(package, freeze=True)
    refused = 0
    for path, content in files(package):
        for change in damaged(content, most=CHANGES):
            path.write_bytes(change)
            with pytest.raises(UserError) as error:
                load_model(package, freeze=True)
            assert str(package) in str(error.value)
            refused += 1
        path.unlink()
        with pytest.raises(UserError):
            load_model(package, freeze=True)
        path.mkdir()
        with pytest.raises(UserError):
            load_model(package, freeze=True)
        path.rmdir()
    assert refused > 150
    again = load_model(package, freeze=True)
    assert again.manifest == before.manifest  # the last one was mended, too


def test_files_that_changed_places_are_refused(package: Path) -> None:
    kept = {path: path.read_bytes() for path in package.iterdir() if path.suffix == ".npy"}
    for path, other in zip(kept, [*list(kept)[1:], *list(kept)[:1]], strict=True):
        path.write_bytes(kept[other])
        if kept[path] != kept[other]:
            with pytest.raises(UserError, match=path.name.replace(".", r"\.")):
                load_model(package, freeze=True)
        path.write_bytes(kept[path])


def test_a_service_answers_as_it_was_verified_whatever_becomes_of_the_files(
    package: Path, tmp_path: Path
) -> None:
    model = load_model(package, freeze=True)
    client = create_app(ServiceSettings(tmp_path, cache_bytes=0), model).test_client()
    users = [*model.users[:4].tolist(), WATCHER, STRANGER]
    paths = [f"/recommend/{user}" for user in users]
    paths += ["/recommend/1?watched=" + model.movies[3].decode().replace("+", "%2B")]
    paths += ["/similar/" + model.movies[0].decode().replace("+", "%2B"), "/version"]

    def answers() -> list[tuple[str, str]]:
        told = [client.get(path, headers={"Accept": "application/json"}) for path in paths]
        assert {response.status_code for response in told} <= {200, 404}
        signed = "X-Request-Id"
        return [(r.text.replace(r.headers[signed], ""), r.headers["X-Data-Hash"]) for r in told]

    wanted = answers()
    for path, content in files(package):
        path.write_bytes(bytes(byte ^ 0xFF for byte in content))  # in place
        assert answers() == wanted
        os.truncate(path, 0)
        assert answers() == wanted
        path.unlink()
        assert answers() == wanted


def test_the_program_answers_on_when_its_files_are_overwritten_and_cut(
    package: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(package, folder)
    settings = {"SERVICE_MODEL_DIR": str(folder), "SERVICE_CACHE_BYTES": "0"}
    with running(tmp_path / "log", **settings) as service:
        service.wait_until_ready()
        paths = [f"/recommend/{user}" for user in (*range(9), WATCHER, STRANGER)]
        wanted = [service.get(path) for path in paths]
        for path in folder.iterdir():
            path.write_bytes(bytes(byte ^ 0xFF for byte in path.read_bytes()))
        assert [service.get(path) for path in paths] == wanted
        for path in folder.iterdir():
            os.truncate(path, 0)
        assert [service.get(path) for path in paths] == wanted
        shutil.rmtree(folder)
        assert [service.get(path) for path in paths] == wanted
