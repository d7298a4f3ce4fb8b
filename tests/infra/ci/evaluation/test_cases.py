"""Each limit of the gate has its case, which fails by the gate's own reason and no other."""

import dataclasses

import pytest

from infra.ci.evaluation.cases import cases
from infra.ci.evaluation.measured import Evaluation
from movierec.evaluation.gate import Gate
from movierec.evaluation.validation import MEASURES
from tests.infra.ci.evaluation.workspace import BASELINES, METRICS, workspace

WORSE = {
    "validation ratings": {"report": {"validation_ratings": 99}},
    "judged users": {"report": {"validation_users": 19}},
    "RMSE": {"metrics": METRICS | {"svd": METRICS["svd"] | {"rmse": 0.89}}},
    "recall@k": {"metrics": METRICS | {"svd": METRICS["svd"] | {"recall": 0.37}}},
    "coverage": {"metrics": METRICS | {"svd": METRICS["svd"] | {"coverage": 0.001}}},
    "RMSE interval": {"report": {"rmse_gain_share_interval": [-0.03, 0.2]}},
}
BETTER = {
    "version": "v1.3.0",
    "metrics": METRICS["svd"] | {"rmse": 0.6},
    "baselines": BASELINES,
}


def judged(root, kind="svd"):
    evaluation = Evaluation.read(root)
    (model,) = [model for model in evaluation.models if model.kind == kind]
    return {case.name: case for case in cases(model, evaluation)}


def failed(found):
    return {name for name, case in found.items() if case.reasons}


def test_a_model_that_passes_fails_no_case_and_has_one_for_each_measure(tmp_path) -> None:
    found = judged(workspace(tmp_path))
    assert failed(found) == set()
    assert set(MEASURES.values()) < set(found)
    assert found["MAE"].value == "0.5600"
    assert found["MAE"].limit is None
    assert found["coverage"].limit == "at least gate.min_coverage 0.01"
    assert found["gate"].value == "passed"


@pytest.mark.parametrize("name", WORSE)
def test_what_the_gate_refuses_fails_its_case_with_value_and_limit(tmp_path, name) -> None:
    root = workspace(tmp_path, **WORSE[name])
    found = judged(root)
    assert failed(found) == {name, "gate"}
    (reason,) = found[name].reasons
    assert found["gate"].reasons == (reason,)
    assert any(f"gate.{key}" in reason for key in found[name].keys)
    assert failed(judged(root, "svdpp")) == set()


def test_the_incumbent_is_named_and_its_advantage_fails_the_interval(tmp_path) -> None:
    found = judged(workspace(tmp_path, incumbent={"svd": BETTER}))
    assert failed(found) == {"RMSE interval", "gate"}
    assert found["RMSE interval"].limit.endswith("against biases only or svd@v1.3.0")
    assert "worse than the incumbent's" in found["RMSE interval"].reasons[0]


def test_a_reason_without_a_limit_fails_the_gate_alone(tmp_path) -> None:
    found = judged(workspace(tmp_path, report={"rating_values": 1}))
    assert failed(found) == {"gate"}
    assert "which any guess predicts" in found["gate"].reasons[0]


def test_every_limit_of_the_gate_has_one_case(tmp_path) -> None:
    keys = [key for case in judged(workspace(tmp_path)).values() for key in case.keys]
    assert sorted(keys) == sorted(field.name for field in dataclasses.fields(Gate))


def test_what_was_not_measured_has_no_value(tmp_path) -> None:
    nothing = {"rmse_interval": None, "rmse_gain_share_interval": None, "validation_ratings": 0}
    metrics = METRICS | {"svd": {"coverage": 0.5, "lift": 0.1}}
    found = judged(workspace(tmp_path, metrics, nothing))
    assert [name for name, case in found.items() if case.value is None] == [
        "RMSE", "RMSE interval", "recall@k", "MAE", "NDCG@k",
    ]  # fmt: skip
    assert failed(found) == {"validation ratings", "gate"}
