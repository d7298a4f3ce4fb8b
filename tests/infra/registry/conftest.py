"""A registry that says what a test wants, and whoever asks it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.registry.client import Registry
from infra.registry.settings import ImagesSettings
from infra.release.tag import Tag
from tests.infra.registry.standin import Standin, standing


@pytest.fixture
def standin() -> Iterator[Standin]:
    with standing() as own:
        yield own


@pytest.fixture
def tag() -> Tag:
    return Tag("svd@v1.4.0", "svd", "v1.4.0", "c" * 40, datetime(2026, 11, 1, tzinfo=UTC))


def registry_of(standin: Standin, **given: Any) -> Registry:
    """Whoever asks the stand-in."""
    given = {"registry": standin.host, "tls": False, **given}
    return Registry(ImagesSettings(**given))
