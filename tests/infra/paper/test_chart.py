"""Charts: whose a value is, by place and colour, and its interval where it was measured."""

from infra.paper.chart import Dot, dots

COLOURS = {"SVD": "#0072b2", "svd@v1.3.0": "#9aa4af", "popularity": "#6a737d"}


def test_a_panel_names_everybody_in_their_order_and_colour() -> None:
    svg = dots({"RMSE": [Dot("popularity", 0.9), Dot("SVD", 0.7)]}, COLOURS)
    assert svg.index(">SVD<") < svg.index(">popularity<")
    assert ">RMSE<" in svg
    assert ">svd@v1.3.0<" not in svg
    assert COLOURS["SVD"] in svg
    assert COLOURS["svd@v1.3.0"] not in svg


def test_only_a_measured_interval_is_drawn() -> None:
    def bars(*values: Dot) -> int:
        return dots({"RMSE": values}, COLOURS).count('aria-roledescription="rule mark"')

    assert bars(Dot("SVD", 0.7), Dot("popularity", 0.9)) == 0
    assert bars(Dot("SVD", 0.7, (0.6, 0.8)), Dot("popularity", 0.9)) == 1


def test_the_same_values_make_the_same_bytes() -> None:
    panels = {"RMSE": [Dot("SVD", 0.7, (0.6, 0.8))], "MAE": [Dot("SVD", 0.5)]}
    assert dots(panels, COLOURS) == dots(panels, COLOURS)
