"""SVD beside SVD++ on one screen, from what DVC says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra import compare
from infra.compare import SCREEN, comparison, main, revisions
from infra.demo import training
from movierec.errors import BadInput


@pytest.fixture(autouse=True)
def two_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that the tests read are those of two models, whatever the registry holds."""
    monkeypatch.setattr(compare, "MODELS", {"svd": "SVD", "svdpp": "SVD++"})


def revision(
    name: str, rmse: float, *, factors: int = 16, extra: int = 0, dataset: str = "a", k: int = 20
) -> dict[str, Any]:
    """One revision as `dvc exp show --json` gives it."""
    measures = {"mae": 0.5, "recall": 0.4, "ndcg": 0.3, "coverage": 0.9, "lift": -0.1}
    params: dict[str, Any] = {"evaluate": {"k": k}}
    params["train"] = {"svd": {"n_factors": factors}, **{f"x{n}": n for n in range(extra)}}
    params["train"] |= {"x": extra, "y": extra}
    return {
        "rev": name,
        "name": name,
        "error": None,
        "data": {
            "outs": {"data/dataset": {"hash": dataset}},
            "params": {"params.yaml": {"data": params}},
            "metrics": {
                "metrics/svd.json": {"data": {"rmse": rmse, **measures}},
                "metrics/svdpp.json": {"data": {"rmse": rmse - 0.1}},
            },
        },
    }


def shown(*experiments: dict[str, Any]) -> list[str]:
    branch = {**revision("main", 0.8), "experiments": list(experiments)}
    table = comparison(list(revisions([revision("workspace", 0.7, factors=8), branch])))
    assert max(map(len, table.splitlines())) <= SCREEN
    return table.splitlines()


def experiment(last: dict[str, Any], state: str = "success") -> dict[str, Any]:
    return {"name": last["name"], "executor": {"state": state}, "revs": [last]}


def test_a_row_a_model_with_what_changed_against_the_branch() -> None:
    lines = shown(experiment(revision("weary-ayes", 0.75, factors=12)))
    cells = [line.split() for line in lines]
    assert cells[0] == [
        "changed",
        *["RMSE", "MAE", "recall@k", "NDCG@k", "coverage"],
        "pop.",
        "lift",
    ]
    assert cells[2][:4] == ["workspace", "train.svd.n_factors=8", "SVD", "0.7000"]
    assert cells[3] == ["SVD++", "0.6000", *["–"] * 5]
    assert cells[4] == ["main", "SVD", "0.8000", "0.5000", "0.4000", "0.3000", "0.9000", "-0.1000"]
    assert cells[6][:4] == ["weary-ayes", "train.svd.n_factors=12", "SVD", "0.7500"]
    assert len(lines) == 2 + 3 * 2


def test_long_names_and_many_changes_keep_to_the_screen() -> None:
    lines = shown(experiment(revision("a-name-of-an-experiment-that-is-long", 0.7, extra=9)))
    assert lines[6].startswith("…riment-that-is-long  ")
    assert "train.x=9" in lines[6]
    assert "train.y=9" in lines[7]
    many = shown(experiment(revision("many", 0.7, factors=1, extra=9)))
    assert "train.svd.n_factors=1" in many[6]
    assert "2 more: dvc params diff" in many[7]


def test_an_experiment_that_waits_or_failed_says_so() -> None:
    waiting = {"rev": "abcdefgh", "name": None, "data": None, "error": None}
    failed = {"rev": "12345678", "name": "bad", "data": None, "error": {"msg": "x"}}
    lines = shown(experiment(waiting, "queued"), experiment(failed, "failed"))
    assert lines[6].split()[:3] == ["abcdefg", "SVD", "–"]
    assert lines[7].split()[:2] == ["queued", "SVD++"]
    assert lines[9].split()[:2] == ["failed", "SVD++"]


@pytest.mark.parametrize("other", [{"dataset": "b"}, {"k": 10}], ids=["ratings", "lists"])
def test_what_is_judged_otherwise_is_marked_and_said(other: Any) -> None:
    lines = shown(
        experiment(revision("same", 0.7, factors=12)),
        experiment(revision("an-experiment-of-another-split", 0.4, **other)),
    )
    assert [line[:2] for line in lines[2:10]] == ["wo", "  ", "ma", "  ", "sa", "  ", "≠ ", "≠ "]
    assert lines[8].startswith("≠ …-of-another-split  ")
    assert lines[10].startswith("≠ judged by other ratings than main (another split")
    assert lines[11] == "  measures of these rows and of others do not compare"


def test_what_has_no_dataset_yet_is_not_marked() -> None:
    waiting = {"rev": "abcdefgh", "name": None, "data": None, "error": None}
    assert len(shown(experiment(waiting, "queued"), experiment(revision("b", 0.7)))) == 2 + 4 * 2


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """`make compare IN=.demo/workspace` before the first demo."""
    with pytest.raises(BadInput, match="none: no such folder"):
        main(["--in", str(tmp_path / "none")])


def test_below_the_table_stand_the_workspace_s_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or what brings the reports that hold them: a clone has none."""
    monkeypatch.setattr(compare, "exp_show", lambda folder: [revision("workspace", 0.7)])
    assert main(["--in", str(tmp_path)]) == 0
    assert re.search(r"lists of the workspace: .*baselines\.json.*dvc repro", said(capsys)[-1])
    ranked = {"recall": 0.6, "ndcg": 0.3, "coverage": 0.9, "lift": -0.1}
    files: dict[str, Any] = {
        "reports/baselines": {"biases": {}, "popularity": ranked, "global_mean": {}}
    }
    for kind in training.MODELS:
        files |= {f"metrics/{kind}": ranked, f"reports/{kind}": {"lists": {"uptake_alone": ranked}}}
    for name, document in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    assert main(["--in", str(tmp_path)]) == 0
    last = said(capsys)[-2:]
    assert [line.split()[:2] for line in last] == [["uptake", "alone"], ["popularity", "0.6000"]]


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()
