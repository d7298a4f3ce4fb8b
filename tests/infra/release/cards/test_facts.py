"""Every number of a card, as it is printed."""

from dataclasses import replace

from infra.release.cards import facts
from infra.release.cards.facts import Card, spark
from infra.release.cards.released import Released
from infra.release.cards.toplists import Lists
from infra.release.version import Made
from tests.infra.release.cards.made import METRICS, released

BEFORE = released("v1.0.0", metrics=METRICS | {"rmse": 0.75}, rmse_interval=(0.7, 0.8))


def card(now=None, before=BEFORE, lists=None):
    return Card(now or released(), before, None, lists, None)


def test_measures_stand_beside_those_before_with_intervals() -> None:
    rows = {row[0]: row[1:] for row in facts.measures(card())}
    assert rows["RMSE better than biases only by"] == [
        "20.00% (18.00% to 22.00%)", "14.29% (18.00% to 22.00%)", "+5.71%", "–", "–",
    ]  # fmt: skip
    assert rows["RMSE"] == [
        "0.7000 (0.6800 to 0.7200)", "0.7500 (0.7000 to 0.8000)", "-0.0500", "0.8750", "–",
    ]  # fmt: skip
    assert rows["recall@k"] == ["0.6500", "0.6500", "+0.0000", "0.3300", "0.3800"]


def judged(version: str, k: int) -> Released:
    """A release whose lists were judged in that length."""
    return replace(
        released(version), made=Made("svd/1", {"params.yaml": {"evaluate": {"k": k}}}, {})
    )


def test_how_long_the_lists_were_is_told() -> None:
    rows = {row[0] for row in facts.measures(card(judged("v1.1.0", 20), judged("v1.0.0", 20)))}
    assert {"recall@20", "NDCG@20"} < rows
    rows = {row[0] for row in facts.measures(card(judged("v1.1.0", 20), judged("v1.0.0", 10)))}
    assert {"recall@20 and 10", "NDCG@20 and 10"} < rows


def test_a_first_release_has_no_change() -> None:
    rows = facts.measures(card(before=None))
    assert {len(row) for row in rows} == {4}


def test_what_was_not_measured_is_no_number() -> None:
    now = released(metrics={"coverage": 0.5}, verdict={"gain_interval": None}, rmse_interval=None)
    rows = {row[0]: row[1:] for row in facts.measures(card(now))}
    assert rows["RMSE"][:3] == ["–", "0.7500 (0.7000 to 0.8000)", "–"]
    assert rows["RMSE better than biases only by"][0] == "–"


def test_lists_that_differ_only_in_their_order_are_other_lists() -> None:
    lists = [
        Lists(1, ["a", "b"], ["a", "b"], ("model", "model")),
        Lists(2, ["a", "b"], ["b", "a"], ("model", "model")),
        Lists(3, ["a", "b"], ["b", "c"], ("model", "model")),
    ]
    told = card(lists=lists)
    assert [one.user for one in told.moved] == [2, 3]
    assert told.kept == 5 / 6


def test_a_line_of_text_is_as_high_as_its_values() -> None:
    assert spark([2.0, 2.0]) == "2 ▁▁ 2"
    assert spark([]) == "–"
    long = spark([float(n) for n in range(100)])
    assert long.startswith("0 ▁")
    assert long.endswith("█ 99")
    assert len(long) <= facts.SPARKS + len("0  99")


def test_params_are_those_of_the_model_and_of_its_uptake() -> None:
    assert facts.params(released()) == [("n_factors", 16), ("seed", 42), ("uptake.floor", 0.1)]
