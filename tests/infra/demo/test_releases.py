"""Releases of retrained models: each tag has its own, and its data can be had."""

from pathlib import Path

import numpy as np
import pytest

from infra.demo.releases import make_releases
from infra.release.package import fetch, locked_model
from infra.release.tag import resolve
from infra.repository import git
from movierec.errors import BadInput
from movierec.models.modelfile import load_model
from serve.service.recommender import Recommender
from tests.infra.release.tagged import retrained

VERSIONS = ["v1.0.0", "v1.1.0"]


@pytest.mark.slow
def test_every_tag_has_a_model_and_lists_of_its_own(tmp_path: Path) -> None:
    repository = retrained(tmp_path, VERSIONS)
    tags = [f"{kind}@{version}" for kind in ("svd", "svdpp") for version in VERSIONS]
    assert git(repository, "tag", "--list").split() == tags
    hashes, lists = set(), {}
    for name in tags:
        tag = resolve(repository, name)
        locked = locked_model(repository, tag)
        fetch(repository, tag, locked, tmp_path / "models" / name)
        model = load_model(tmp_path / "models" / name)
        assert model.manifest["kind"] == tag.kind
        hashes.add(locked.md5)
        recommender = Recommender(model)
        lists[name] = [recommender.answer(int(user)).ids for user in model.users[:50]]
    assert len(hashes) == len(tags)
    for kind in ("svd", "svdpp"):
        first, second = (lists[f"{kind}@{version}"] for version in VERSIONS)
        assert np.mean([a != b for a, b in zip(first, second, strict=True)]) > 0.5
    assert git(tmp_path / "trained", "status", "--porcelain") == ""


def test_where_nothing_is_trained_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing is trained there; run `make demo`"):
        make_releases(tmp_path, tmp_path / "releases", VERSIONS)
    assert not (tmp_path / "releases").exists()
