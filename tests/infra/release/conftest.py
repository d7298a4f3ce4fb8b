"""A project with one release, and one that was trained and not released yet."""

import shutil
from pathlib import Path

import pytest

from tests.infra.release.project import Project
from tests.infra.release.shop import shop
from tests.infra.release.tagged import small


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project and its remote: never changed, only copied."""
    folder = tmp_path_factory.mktemp("tagged")
    small(folder)
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A project of one's own whose tag `svd@v1.0.0` is a release; its remote is `../store`."""
    shutil.copytree(made, tmp_path / "made", symlinks=True)
    config = tmp_path / "made/project/.dvc/config"
    config.write_text(config.read_text().replace(str(made), str(tmp_path / "made")))
    shutil.rmtree(tmp_path / "made/project/.dvc/cache")  # the remote alone has the data
    return tmp_path / "made/project"


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Never changed, only copied."""
    project = Project(tmp_path_factory.mktemp("trained"))
    project.begin()
    return project


@pytest.fixture
def trained(trained_once: Project, tmp_path: Path) -> Project:
    """A project whose pipeline ran, and that nothing was released of since."""
    return trained_once.copy(tmp_path / "project")


@pytest.fixture(scope="session")
def shop_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Never changed, only copied."""
    return shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def sold(shop_once: Project, tmp_path: Path) -> Project:
    """A project with four releases of each kind, nothing of it in production yet."""
    return shop_once.copy(tmp_path / "shop")
