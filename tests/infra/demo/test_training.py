"""What the demo's table holds: models, the parts of their lists, and baselines."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.demo import training
from infra.demo.report import Step
from infra.demo.training import OF_LISTS, comparison, counted, follow
from movierec.errors import BadInput

RANKED = {"recall": 0.6, "ndcg": 0.3, "coverage": 0.9, "lift": -0.1}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training, "MODELS", {"svd": "SVD", "svdpp": "SVD++"})
    write(
        tmp_path / "reports/baselines.json",
        {
            "biases": {"rmse": 0.9, "mae": 0.7, **RANKED, "recall": 0.2},
            "popularity": {**RANKED, "recall": 0.4},
            "global_mean": {"rmse": 1.0, "mae": 0.8},
        },
    )
    for number, kind in enumerate(("svd", "svdpp")):
        write(tmp_path / f"metrics/{kind}.json", {"rmse": 0.8, "mae": 0.6, **RANKED})
        parts = {"rating_alone": {**RANKED, "recall": 0.5 + number / 100}}
        parts |= {"uptake_alone": {**RANKED, "recall": 0.55}, "model": RANKED}
        write(tmp_path / f"reports/{kind}.json", {"lists": parts})
    return tmp_path


def write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))


def cells(table: str, width: int) -> list[tuple[str, ...]]:
    """The name and the columns before `width` of each row."""
    rows = [line.rsplit(maxsplit=width) for line in table.splitlines()[2:]]
    return [tuple(row) for row in rows]


def test_models_parts_of_their_lists_and_baselines(root: Path) -> None:
    table = cells(comparison(root), 6)
    assert [(name, rmse, recall) for name, rmse, _, recall, *_ in table] == [
        ("SVD", "0.8000", "0.6000"),
        ("SVD++", "0.8000", "0.6000"),
        ("SVD, by rating alone", "–", "0.5000"),
        ("SVD++, by rating alone", "–", "0.5100"),
        ("uptake alone", "–", "0.5500"),
        ("biases only", "0.9000", "0.2000"),
        ("popularity", "–", "0.4000"),
        ("global mean", "1.0000", "–"),
    ]


def test_of_lists_alone_every_row_has_all_measures(root: Path) -> None:
    table = comparison(root, OF_LISTS)
    assert "–" not in table
    assert [(name, recall) for name, recall, *_ in cells(table, 4)] == [
        ("SVD", "0.6000"),
        ("SVD++", "0.6000"),
        ("SVD, by rating alone", "0.5000"),
        ("SVD++, by rating alone", "0.5100"),
        ("uptake alone", "0.5500"),
        ("biases only", "0.2000"),
        ("popularity", "0.4000"),
    ]


def test_a_model_that_ranks_by_rating_has_no_parts(root: Path) -> None:
    for kind in ("svd", "svdpp"):
        write(root / f"reports/{kind}.json", {"lists": {"model": RANKED}})
    assert [name for name, *_ in cells(comparison(root, OF_LISTS), 4)][:3] == [
        "SVD",
        "SVD++",
        "biases only",
    ]


def test_what_an_evaluation_advises_stands_below_the_table(root: Path) -> None:
    report = json.loads((root / "reports/svd.json").read_text())
    write(root / "reports/svd.json", report)
    plain = comparison(root)
    write(root / "reports/svd.json", report | {"advice": "lists would be better otherwise"})
    assert comparison(root) == f"{plain}\nSVD: lists would be better otherwise"


def test_a_stage_that_is_skipped_is_said_once_and_counted_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A replay runs `dvc repro` twice: up to the matrix, and then all of it."""
    current, told = Step(3, "dvc repro"), dict[str, str]()
    skipped = "Stage 'validate' didn't change, skipping"
    follow([skipped, "Running stage 'preprocess':"], current, [], told)
    assert current.note == "1 stages ran, 1 skipped"
    again = "Stage 'preprocess' didn't change, skipping"
    follow([skipped, again, "Running stage 'train@svd':"], current, [], told)
    assert current.note == "2 stages ran, 1 skipped"
    said = [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert [words[0] for words in said] == ["validate", "preprocess", "train@svd"]
    assert [words[1] for words in said] == ["skipped,", "0.0", "0.0"]


def test_who_and_what_the_models_know_is_counted(root: Path) -> None:
    facts = {"users": 5000, "movies": 160, "watchers": 71_000}
    write(root / "reports/preprocess.json", facts)
    assert counted(root) == "5,000 users rated 160 movies; 71,000 more users only watched"


def test_a_report_that_is_not_there_is_named(root: Path) -> None:
    (root / "reports/svdpp.json").unlink()
    with pytest.raises(BadInput, match=r"svdpp\.json.*dvc repro"):
        comparison(root)
