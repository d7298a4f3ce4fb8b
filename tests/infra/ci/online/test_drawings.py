"""The pictures hold what they are given, each arm in its colour."""

import re
import xml.etree.ElementTree as ET

from infra.ci.online.drawings import colours_of, night_by_night, predicted, taken_up
from infra.ci.online.measured import Night, Release

OFFLINE = {"rmse": 0.7, "recall": 0.3}
RELEASES = [
    Release("svd@v1.0.0", "svd", 0.2, (0.15, 0.25), 300, OFFLINE),
    Release("svdpp@v1.0.0", "svdpp", 0.3, (0.25, 0.35), 300, OFFLINE | {"ndcg": 0.4}),
    Release("svd@x", "svd", 0.9, (0.8, 0.95), 300, None),
]
COLOURS = colours_of(["svdpp", "svd", "svd"])
NOTHING = {"mean": None, "low": None, "high": None, "count": 0}


def texts(svg: str) -> list[str]:
    ET.fromstring(svg)
    return re.findall(r">([^<>]+)</text>", svg)


def dots(svg: str) -> int:
    """How many dots are drawn, those of the legend left out."""
    return svg.count('role="graphics-symbol" aria-roledescription="point"')


def test_an_arm_has_one_colour_whoever_comes_first() -> None:
    assert list(COLOURS) == ["svd", "svdpp"]
    assert colours_of(["svd", "svdpp"]) == COLOURS


def test_a_dot_is_a_release_with_a_tag_in_each_measure_that_it_has() -> None:
    svg = predicted(RELEASES, ["rmse", "recall", "ndcg"], COLOURS)
    assert dots(svg) == 2 + 2 + 1
    assert {"offline RMSE", "offline recall", "offline NDCG", "conversion"} <= set(texts(svg))


def test_a_night_is_a_dot_in_its_band() -> None:
    nights = [Night("2026-11-01", 0.1, -0.2, 0.4), Night("2026-11-02", 0.1, -0.1, 0.3)]
    svg = night_by_night(nights, "svdpp", "svd")
    assert dots(svg) == 2
    assert {"2026-11-01", "2026-11-02", "svdpp − svd: conversion"} <= set(texts(svg))


def test_what_nobody_measured_is_not_drawn() -> None:
    one = {"arm": "svd", "conversion": 0.2, "low": 0.1, "high": 0.3}
    one |= {"minutes": NOTHING, "rmse": {"value": None, "count": 0}}
    svg = taken_up({"svd@v1.0.0": one}, COLOURS)
    assert "Conversion" in texts(svg) and "svd@v1.0.0" in texts(svg)
    assert not {"Online RMSE", "Minutes watched an answer"} & set(texts(svg))
