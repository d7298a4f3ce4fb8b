"""The page holds verdicts, measures and plots, and nothing that is fetched or run."""

import re

from infra.ci.evaluation.cases import cases
from infra.ci.evaluation.measured import Evaluation
from infra.ci.evaluation.report import page, rows
from tests.infra.ci.evaluation.workspace import BASELINES, METRICS, workspace

INCUMBENT = {
    "version": "v1.3.0 <b>",
    "metrics": METRICS["svd"] | {"rmse": 0.6},
    "baselines": BASELINES,
}


def made(root, **changed):
    evaluation = Evaluation.read(workspace(root, **changed))
    judged = {model.kind: cases(model, evaluation) for model in evaluation.models}
    return evaluation, page(evaluation, judged, [("RMSE <by> epoch", "<svg><g/></svg>")])


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL).split())


def test_it_shows_verdicts_measures_intervals_and_plots(tmp_path) -> None:
    _, html = made(tmp_path)
    text = text_of(html)
    assert "SVD passed 1,826 ratings of 476 users; RMSE 18.0% to 22.0% better than" in text
    assert "SVD 0.7100 0.680 to 0.740 0.5600 0.6500" in text
    assert "popularity – – 0.3800 0.1800 0.6500 0.2200" in text
    assert "recall@20" in text
    assert "interval that holds 95% of" in text
    assert "<h2>RMSE &lt;by&gt; epoch</h2>\n" in html
    assert '<div class="plot"><svg><g/></svg></div>' in html


def test_a_refused_model_says_why_and_the_incumbent_stands_beside(tmp_path) -> None:
    evaluation, html = made(tmp_path, incumbent={"svd": INCUMBENT})
    assert [row.who for row in rows(evaluation)] == [
        "SVD", "SVD++", "svd@v1.3.0 <b>", "biases only", "popularity", "global mean",
    ]  # fmt: skip
    text = text_of(html)
    assert "SVD refused" in text
    assert "% worse than the incumbent&#39;s, gate.max_rmse_loss is 2.00%" in text
    assert "svd@v1.3.0 &lt;b&gt; 0.6000" in text
    assert "<b>" not in html


def test_it_needs_no_network_and_runs_no_script(tmp_path) -> None:
    _, html = made(tmp_path)
    assert not re.search(r"<script|<link|<img|(?:href|src)=|@import|url\((?!#)", html)


def test_nothing_measured_is_a_page_too(tmp_path) -> None:
    nothing = {"rmse_interval": None, "rmse_gain_share_interval": None, "validation_ratings": 0}
    metrics = METRICS | {"svd": {"coverage": 0.5, "lift": 0.1}}
    _, html = made(tmp_path, metrics=metrics, report=nothing)
    assert "SVD refused 0 ratings of 476 users; no incumbent." in text_of(html)
