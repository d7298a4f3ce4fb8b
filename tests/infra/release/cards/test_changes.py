"""What differs between two releases, and nothing that does not."""

import pytest

from infra.release.cards.changes import Change, changes
from infra.release.version import Made
from infra.repository import git
from tests.infra.release.cards.made import PARAMS, Repository, released


def test_the_same_is_no_change(tmp_path) -> None:
    told = changes(tmp_path, released(), released("v1.0.0"))
    assert (told.came, told.went, told.params, told.libraries) == ([], [], [], [])
    assert (told.code, told.commits) == ([], [])


def test_days_parameters_and_libraries_stand_apart(tmp_path) -> None:
    params = {
        "params.yaml": {"train.svd": {"n_factors": 24, "seed": 42}, "evaluate": {"k": 20}},
        "stages/libraries.yaml": {"numpy": "2.4.0"},
    }
    now = released(
        days=["2026-11-02", "2026-11-03"], made=Made("model/3", params, {"stages/train.py": "t1"})
    )
    told = changes(tmp_path, now, released("v1.0.0"))
    assert (told.came, told.went) == (["2026-11-03"], ["2026-11-01"])
    assert told.params == [
        Change("evaluate.k", "–", "20"),
        Change("preprocess.seed", "42", "–"),
        Change("train.svd.n_factors", "16", "24"),
    ]
    assert told.libraries == [Change("numpy", "2.3.0", "2.4.0")]


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def test_code_comes_with_the_commits_that_touched_it(repository) -> None:
    repository.release("v1.0.0")
    before = git(repository.folder, "rev-parse", "HEAD").strip()
    repository.write("stages/train.py", "rate = 2\n")
    repository.write("README", "of something else\n")
    for name in ("stages", "README"):
        git(repository.folder, "add", name)
        git(repository.folder, "commit", "--quiet", "--message", f"Change {name}")
    now = git(repository.folder, "rev-parse", "HEAD").strip()
    told = changes(
        repository.folder,
        released(commit=now, made=Made("model/3", PARAMS, {"stages/train.py": "t2"})),
        released("v1.0.0", commit=before),
    )
    assert told.code == ["stages/train.py"]
    (commit,) = told.commits
    assert commit[10:] == " Change stages"
