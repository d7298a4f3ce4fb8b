"""Who answers: by the settings where they say it, else by the model itself."""

from pathlib import Path
from typing import ClassVar

from serve.service.provenance import Provenance
from serve.settings import ServiceSettings
from tests.inputs.models import SmallLoaded, SmallModel


class Other(SmallModel):
    """Of another kind."""

    kind: ClassVar[str] = "svdpp"


def test_a_model_speaks_for_itself_where_nobody_names_it() -> None:
    model = SmallLoaded(Other())
    assert Provenance.of(ServiceSettings(Path("m")), model) == Provenance(
        "svdpp@unreleased", "svdpp", "svdpp", "unknown", "d" * 64
    )


def test_names_that_are_given_go_before() -> None:
    settings = ServiceSettings(Path("m"), model_version="svd@v1", git_commit="c0ffee", arm="b")
    provenance = Provenance.of(settings, SmallLoaded())
    assert provenance.labels() == {
        "model": "svd@v1",
        "kind": "svd",
        "arm": "b",
        "git_commit": "c0ffee",
        "data_hash": "d" * 64,
    }
    assert provenance.headers() == {
        "X-Model": "svd@v1",
        "X-Git-Commit": "c0ffee",
        "X-Data-Hash": "d" * 64,
    }
