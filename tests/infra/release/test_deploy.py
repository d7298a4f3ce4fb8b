"""Which image a release is deployed by: the registry's, by digest, of this tag and this commit.

What becomes of it then is tried in tests/infra/rancher.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from infra.release.deploy import BY_DIGEST, pushed_image
from infra.release.tag import Tag
from movierec.errors import BadInput
from tests.infra.registry.standin import Standin, standing

TAG = Tag("svd@v1.4.0", "svd", "v1.4.0", "c" * 40, datetime(2026, 11, 1, tzinfo=UTC))
VERSION, COMMIT = "org.opencontainers.image.version", "org.opencontainers.image.revision"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Standin]:
    with standing() as own:
        monkeypatch.setenv("IMAGES_REGISTRY", f"{own.host}/films")
        monkeypatch.setenv("IMAGES_TLS", "off")
        yield own


def test_the_image_is_named_by_its_digest(registry: Standin) -> None:
    labels = {VERSION: TAG.name, COMMIT: TAG.commit}
    digest = registry.put_image("films/movierec", "svd-v1.4.0", labels)
    assert pushed_image(TAG) == f"{registry.host}/films/movierec@{digest}"
    assert BY_DIGEST.fullmatch(pushed_image(TAG))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ({VERSION: "svd@v1.4.0", COMMIT: "d" * 40}, f"say svd@v1.4.0 of commit {'d' * 40}, where"),
        ({VERSION: "svdpp@v1.4.0", COMMIT: TAG.commit}, "say svdpp@v1.4.0 of commit ccc"),
        ({}, "say no release of commit unknown, where svd@v1.4.0 is commit ccc"),
    ],
    ids=["another commit", "another release", "no labels"],
)
def test_what_else_has_its_name_is_refused(
    registry: Standin, labels: dict[str, str], said: str
) -> None:
    registry.put_image("films/movierec", "svd-v1.4.0", labels)
    with pytest.raises(BadInput) as refused:
        pushed_image(TAG)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("image", "is_so"),
    [
        (f"movierec@sha256:{'0' * 64}", True),
        (f"movierec:svd-v1.4.0@sha256:{'0' * 64}", True),
        ("movierec:svd-v1.4.0", False),
        (f"movierec@sha256:{'0' * 63}", False),
    ],
)
def test_a_name_is_not_a_digest(image: str, is_so: bool) -> None:
    assert bool(BY_DIGEST.fullmatch(image)) == is_so
