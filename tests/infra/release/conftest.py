"""A project that was trained and not released yet."""

from pathlib import Path

import pytest

from tests.infra.release.project import Project


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Made once: take a copy."""
    project = Project(tmp_path_factory.mktemp("trained"))
    project.begin()
    return project


@pytest.fixture
def project(trained: Project, tmp_path: Path) -> Project:
    """A copy of it, to be released."""
    return trained.copy(tmp_path / "project")
