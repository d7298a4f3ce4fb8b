"""The program as Jenkins calls it: three kinds of files, and a verdict that is no error of its."""

import pytest

from infra.ci.evaluation.__main__ import main
from movierec.errors import BadInput, Unavailable
from tests.infra.ci.evaluation.workspace import METRICS, workspace


def test_it_writes_all_reports_of_a_refused_model(tmp_path, capsys) -> None:
    root = workspace(tmp_path, METRICS | {"svd": METRICS["svd"] | {"coverage": 0.001}})
    output = root / "reports/evaluation"
    capsys.readouterr()
    assert main(["--output", str(output), "--in", str(root)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("svd: refused: coverage 0.0010 is below gate.min_coverage 0.01")
    assert said[1] == "svdpp: passed"
    assert (output / "plot-rmse.csv").read_text() == (
        "SVD,SVD++,biases only,global mean\n0.71,0.64,0.88,1.01\n"
    )
    assert 'failures="2"' in (output / "evaluation.xml").read_text()
    html = (output / "evaluation.html").read_text()
    assert "RMSE &lt;by&gt; epoch" in html
    assert html.count('class="marks"') == 2


def test_a_run_that_is_none_is_named(tmp_path) -> None:
    with pytest.raises(BadInput, match="run `dvc repro`"):
        main(["--output", str(tmp_path / "out"), "--in", str(tmp_path)])
    assert not (tmp_path / "out").exists()


def test_without_plots_nothing_is_half_written(tmp_path) -> None:
    (workspace(tmp_path) / "plots/svdpp/epochs.csv").unlink()
    with pytest.raises(Unavailable, match=r"No such file .*epochs\.csv'; run `dvc repro`"):
        main(["--output", str(tmp_path / "out"), "--in", str(tmp_path)])
    assert not (tmp_path / "out").exists()
