"""A project of four nights, which nobody changes."""

from pathlib import Path

import pytest

from tests.infra.ci.online.nights import four_each


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return four_each(tmp_path_factory.mktemp("nights"))
