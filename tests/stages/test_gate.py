"""The gate as a stage: files in, a verdict a model out, and what is wrong with a file by name."""

import json
from pathlib import Path
from typing import Any

import pytest

import gate
from movierec.errors import BadInput

LIMITS = """gate:
  min_validation_ratings: 100
  min_judged_users: 20
  min_rmse_gain: 0.0
  max_rmse_loss: 0.02
  min_coverage: 0.01
  min_recall_gain: 0.0
"""
EVIDENCE = {
    "validation_ratings": 500,
    "validation_users": 80,
    "ranked_users": 40,
    "rating_values": 5,
    "rmse_gain_share_interval": [0.09, 0.21],
}
HELD_OUT = {"ratings": 803, "of_unknown_users": 303, "of_pruned_movies": 0, "dropped_share": 0.37}
BASELINES = {"biases": {"rmse": 1.0}, "popularity": {"recall": 0.3}}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(LIMITS)
    write(tmp_path / "svd.json", {"rmse": 0.9, "mae": 0.7, "coverage": 0.5, "recall": 0.4})
    write(tmp_path / "svdpp.json", {"rmse": 0.8, "mae": 0.6, "coverage": 0.5, "recall": 0.4})
    write(tmp_path / "baselines.json", BASELINES)
    write(tmp_path / "incumbent.json", {})
    (tmp_path / "reports").mkdir()
    for model in ("svd", "svdpp"):
        write(tmp_path / f"reports/{model}.json", EVIDENCE)
    write(tmp_path / "reports/preprocess.json", {"held_out": HELD_OUT})
    return tmp_path


def write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document))


def report(files: Path) -> Any:
    command = [str(files / "svd.json"), str(files / "svdpp.json")]
    for option in ("baselines", "incumbent", "report"):
        command += [f"--{option}", str(files / f"{option}.json")]
    command += ["--reports", str(files / "reports")]
    assert gate.main([*command, "--params", str(files / "params.yaml")]) == 0
    return json.loads((files / "report.json").read_text())


def test_without_an_incumbent_the_baselines_alone_decide(files: Path) -> None:
    good = {
        "pass": True,
        "reasons": [],
        "incumbent": None,
        "validation_ratings": 500,
        "judged_users": 80,
        "gain_interval": [0.09, 0.21],
        "held_out": HELD_OUT,
    }
    assert report(files) == {"svd": good, "svdpp": good}
    write(files / "baselines.json", {**BASELINES, "biases": {"rmse": 0.85}})
    verdicts = report(files)
    assert (verdicts["svd"]["pass"], verdicts["svdpp"]["pass"]) == (False, True)


def test_a_model_whose_lists_are_worse_than_the_most_popular_movies_is_refused(
    files: Path,
) -> None:
    """Whatever its RMSE is."""
    write(files / "svd.json", {"rmse": 0.5, "coverage": 0.5, "recall": 0.02})
    verdicts = report(files)
    assert (verdicts["svd"]["pass"], verdicts["svdpp"]["pass"]) == (False, True)
    [reason] = verdicts["svd"]["reasons"]
    assert reason.startswith("recall 0.0200 is 93.33% below the most popular movies' 0.3000")


def test_a_model_is_compared_with_its_own_incumbent(files: Path) -> None:
    judged = {"metrics": {"rmse": 0.7, "coverage": 0.5}, "baselines": BASELINES}
    write(files / "incumbent.json", {"svdpp": {"version": "v1.4.0", **judged}})
    verdicts = report(files)
    assert verdicts["svd"]["pass"]
    assert verdicts["svdpp"]["incumbent"] == "v1.4.0"
    assert "14.29% worse than the incumbent's" in verdicts["svdpp"]["reasons"][0]


@pytest.mark.parametrize(
    ("name", "document", "message"),
    [
        ("svd.json", {"rmse": 0.9}, r"svd\.json: coverage is None, expected a number"),
        ("svd.json", {"rmse": 0.9, "coverage": 1}, r"svd\.json: recall is None, expected a number"),
        ("baselines.json", {"biases": {"rmse": 1}}, r"svd\.json: popularity: recall is None"),
        ("baselines.json", {"biases": {"rmse": 0}}, "biases: rmse is 0, nothing can be compared"),
        ("reports/svd.json", {}, r"reports/svd\.json: validation_ratings is None, expected a num"),
        ("incumbent.json", {"svd": {"version": "v1"}}, "svd: expected version, metrics and base"),
        ("incumbent.json", {"svd": None}, r"incumbent\.json: svd: expected version.*got None"),
        (
            "incumbent.json",
            {"svd": {"version": "v1", "metrics": [], "baselines": {}}},
            "svd: expected version, metrics and baselines",
        ),
    ],
)
def test_a_file_that_cannot_be_judged_is_named(
    files: Path, name: str, document: dict[str, Any], message: str
) -> None:
    write(files / name, document)
    with pytest.raises(BadInput, match=message):
        report(files)


def test_a_gate_does_not_release_on_two_ratings(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the measures say, which may even be missing; the other model is judged as ever."""
    few = {"validation_ratings": 2, "validation_users": 2, "rmse_gain_share_interval": None}
    write(files / "reports/svd.json", {**EVIDENCE, **few})
    write(files / "svd.json", {"coverage": 0.5})
    verdicts = report(files)
    assert (verdicts["svd"]["pass"], verdicts["svdpp"]["pass"]) == (False, True)
    assert verdicts["svd"]["reasons"] == [
        "2 validation ratings, gate.min_validation_ratings is 100",
        "2 judged users, gate.min_judged_users is 20",
    ]
    assert verdicts["svd"]["held_out"]["dropped_share"] == 0.37
    assert capsys.readouterr().err == (
        "gate: not fit to be released: svd (2 validation ratings, gate.min_validation_ratings is "
        "100; 2 judged users, gate.min_judged_users is 20)\n"
    )
