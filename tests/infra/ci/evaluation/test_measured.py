"""Files of a run are read as they are, and what is missing or of another run is named."""

import json

import pytest

from infra.ci.evaluation.measured import Evaluation
from movierec.errors import BadInput
from tests.infra.ci.evaluation.workspace import BASELINES, METRICS, workspace, write

NAMES = ["metrics/svd.json", "reports/svdpp.json", "reports/gate.json", "data/window.yaml"]


def test_a_run_is_read_whole(tmp_path) -> None:
    read = Evaluation.read(workspace(tmp_path))
    assert [model.title for model in read.models] == ["SVD", "SVD++"]
    assert read.days == ["2026-11-01", "2026-11-02"]
    assert read.k == 20
    assert read.models[0].rmse_interval == (0.68, 0.74)
    assert read.models[0].incumbent is None


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_missing_is_named(tmp_path, name) -> None:
    (workspace(tmp_path) / name).unlink()
    with pytest.raises(BadInput, match=f"{name}: no such file"):
        Evaluation.read(tmp_path)


def test_a_verdict_without_a_model_is_refused(tmp_path) -> None:
    path = workspace(tmp_path) / "reports/gate.json"
    write(path, {"svd": json.loads(path.read_text())["svd"]})
    with pytest.raises(BadInput, match="lacks 'svdpp'; run `dvc repro`"):
        Evaluation.read(tmp_path)


def test_an_incumbent_that_the_gate_did_not_compare_with_is_refused(tmp_path) -> None:
    entry = {"version": "v1.3.0", "metrics": METRICS["svd"], "baselines": BASELINES}
    write(workspace(tmp_path) / "data/incumbent.json", {"svd": entry})
    with pytest.raises(BadInput, match=r"svd is v1\.3\.0, .* compared with None"):
        Evaluation.read(tmp_path)
