"""Releases of retrained models begin with a workspace. That each tag has a model and lists of its
own is asked of those that infra/release/explaining/test_explain_live.py makes and lives with."""

from pathlib import Path

import pytest

from infra.demo.releases import make_releases
from movierec.errors import BadInput


def test_where_nothing_is_trained_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing is trained there; run `make demo`"):
        make_releases(tmp_path, tmp_path / "releases", ["v1.0.0"])
    assert not (tmp_path / "releases").exists()
