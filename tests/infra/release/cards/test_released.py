"""A tag is read from its commit and from the remote, and what it lacks is named."""

import pytest

from infra.release.cards.released import Released, beside
from infra.release.tag import resolve
from movierec.errors import BadInput
from tests.infra.release.cards.made import METRICS, PARAMS, Repository


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_a_tag_tells_all_of_its_release(repository) -> None:
    repository.release("v1.0.0")
    repository.write("metrics/svd.json", {"rmse": 9.0})  # of the work tree, which is not asked
    read = Released.read(
        repository.folder, resolve(repository.folder, "svd@v1.0.0"), repository.remote
    )
    assert read.metrics == METRICS
    assert read.days == ["2026-11-01", "2026-11-02"]
    assert read.rmse_interval == [0.68, 0.72]
    assert read.plots["epochs"] == {"epoch": [1.0, 2.0], "train_rmse": [1.0, 0.5]}
    assert read.plots["distribution"]["predicted"] == [1.0]
    assert read.made.params == PARAMS
    assert read.made.code == {"stages/train.py": "t1"}
    assert len(read.lock) == 40


@pytest.mark.parametrize(
    "name", ["metrics/svd.json", "reports/gate.json", "reports/svd.json", "plots/svd/epochs.csv"]
)
def test_what_a_tag_lacks_is_named(repository, name) -> None:
    repository.release("v1.0.0", without=name)
    tag = resolve(repository.folder, "svd@v1.0.0")
    with pytest.raises(BadInput, match=rf"svd@v1\.0\.0: no {name} "):
        Released.read(repository.folder, tag, repository.remote)


def test_it_stands_beside_the_incumbent_of_its_gate_else_the_release_before(repository) -> None:
    for version in ("v1.0.0", "v1.1.0"):
        repository.release(version)
    repository.release("v1.2.0", incumbent="v1.0.0")
    folder = repository.folder

    def shown(name: str, before: list[str]) -> str | None:
        found = beside(folder, resolve(folder, name), before)
        return found.name if found else None

    assert shown("svd@v1.0.0", []) is None
    assert shown("svd@v1.1.0", ["svd@v1.0.0"]) == "svd@v1.0.0"
    assert shown("svd@v1.2.0", ["svd@v1.0.0", "svd@v1.1.0"]) == "svd@v1.0.0"
