"""One point a label: the Plot plugin makes the lines over builds."""

from infra.ci.evaluation.measured import Evaluation
from infra.ci.evaluation.series import series
from movierec.evaluation.validation import MEASURES
from tests.infra.ci.evaluation.workspace import METRICS, workspace


def test_a_file_a_measure_with_models_and_the_baselines_that_have_it(tmp_path) -> None:
    files = series(Evaluation.read(workspace(tmp_path)))
    assert set(files) == {f"plot-{key}.csv" for key in MEASURES}
    assert files["plot-rmse.csv"] == {
        "SVD": [0.71], "SVD++": [0.64], "biases only": [0.88], "global mean": [1.01],
    }  # fmt: skip
    assert list(files["plot-recall.csv"]) == ["SVD", "SVD++", "biases only", "popularity"]


def test_what_was_not_measured_keeps_its_label_and_has_no_point(tmp_path) -> None:
    metrics = METRICS | {"svd": {"coverage": 0.5, "lift": 0.1}}
    read = Evaluation.read(workspace(tmp_path, metrics, {"validation_ratings": 0}))
    assert series(read)["plot-rmse.csv"]["SVD"] == [""]
