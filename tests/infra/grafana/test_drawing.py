"""What a picture shows of a panel's answers, and what it leaves out."""

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest

from infra.grafana.asking import Series, Span
from infra.grafana.boardfile import Drawn, Target
from infra.grafana.drawing import MOST, Line, lines, periods, picture

SPAN = Span(1_700_000_000, 1_700_000_300, 15)
PANEL = Drawn(
    title="Latency",
    about="A site gives up after 600 ms.",
    unit="s",
    axis="duration",
    targets=[Target("a", "{{arm}}", False)],
    alerts=["AnswersSlow"],
    limit=None,
    stacked=False,
    number=False,
    least=0,
    most=None,
    empty="",
    width=8,
)


def series(value: float, **labels: str) -> Series:
    return Series(labels, [(SPAN.start + 15 * n, value) for n in range(20)])


def drawn(panel: Drawn, *answers: list[Series], fired=()) -> str:
    shown, _ = lines(panel, answers)
    svg = picture(panel, shown, SPAN, fired)
    ET.fromstring(svg)
    return svg


def texts(svg: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg)


def paths(svg: str, kind: str) -> list[str]:
    """What is drawn in the colours of series."""
    return re.findall(rf'<path aria-label="[^"]*"[^>]*role="graphics-symbol"[^>]*{kind}[^>]*>', svg)


def test_the_axis_says_what_and_in_which_unit() -> None:
    svg = drawn(PANEL, [series(0.25, arm="svd")])
    assert "duration, ms" in texts(svg)
    assert "0" in texts(svg)
    assert "250" in texts(svg) or "300" in texts(svg) or "200" in texts(svg)


def test_only_so_many_series_are_shown_the_greatest_ones() -> None:
    many = [series(0.1 * n, arm=f"arm{n:02}") for n in range(MOST + 3)]
    shown, left_out = lines(PANEL, [many])
    assert left_out == 3
    assert [line.name for line in shown] == [f"arm{n:02}" for n in range(3, MOST + 3)]
    assert len({line.colour for line in shown}) == MOST


def test_an_end_of_an_interval_has_the_colour_of_what_it_is_around() -> None:
    panel = dataclasses.replace(PANEL, targets=[*PANEL.targets, Target("b", "{{arm}} low", True)])
    arms = ("svd", "svdpp")
    shown, _ = lines(
        panel,
        [
            [series(0.4, arm=arm) for arm in arms],
            [series(0.3, arm=arm) for arm in (*arms, "gone")],
        ],
    )
    colours = {line.name: line.colour for line in shown if not line.bound}
    ends = {line.name: line.colour for line in shown if line.bound}
    assert ends == {f"{arm} low": colours[arm] for arm in arms}
    assert "stroke-dasharray" in picture(panel, shown, SPAN, [])


def test_where_values_are_missing_the_line_is_broken() -> None:
    points = [(SPAN.start + 15 * n, 0.2) for n in range(20)]
    whole = picture(PANEL, [Line("svd", "#0072b2", points)], SPAN, [])
    torn = picture(PANEL, [Line("svd", "#0072b2", points[:8] + points[12:])], SPAN, [])

    def strokes(svg: str) -> int:
        [path] = re.findall(r'<path[^>]* d="([^"]+)"[^>]*stroke="#0072b2"', svg)
        return path.count("M")

    assert (strokes(whole), strokes(torn)) == (1, 2)


def test_a_limit_is_a_line_across_and_lies_in_the_picture() -> None:
    panel = dataclasses.replace(PANEL, unit="percentunit", axis="share", limit=0.1)
    assert "#b42318" in drawn(panel, [series(0.0, arm="svd")])
    assert "#b42318" not in drawn(dataclasses.replace(panel, limit=None), [series(0.0, arm="svd")])
    assert "10" in texts(drawn(panel, [series(0.0, arm="svd")]))


def test_the_time_in_which_an_alert_fired_is_shaded() -> None:
    fired = [(SPAN.start + 60, SPAN.start + 120)]
    assert len(re.findall("#b42318", drawn(PANEL, [series(0.2, arm="svd")], fired=fired))) == 1
    assert "#b42318" not in drawn(PANEL, [series(0.2, arm="svd")])


def test_nothing_but_zeros_lies_at_the_foot() -> None:
    svg = drawn(dataclasses.replace(PANEL, unit="short"), [series(0, arm="svd")])
    assert {"0.0", "1.0"} <= set(texts(svg))


def test_what_never_changes_has_an_axis_that_tells_its_value() -> None:
    panel = dataclasses.replace(PANEL, unit="short", least=None)
    found = [float(one) for one in texts(drawn(panel, [series(0.71, arm="svd")])) if "." in one]
    assert min(found) < 0.71 < max(found)


def test_parts_of_a_whole_add_up() -> None:
    panel = dataclasses.replace(PANEL, unit="short", stacked=True)
    svg = drawn(panel, [series(60, arm="svd"), series(60, arm="svdpp")])
    assert max(int(one) for one in texts(svg) if one.isdigit()) >= 100


@pytest.mark.parametrize(
    ("seconds", "form"), [(300, r"\d\d:\d\d:\d\d"), (7200, r"\d\d:\d\d"), (200_000, r"\d\d \w{3}")]
)
def test_times_are_as_fine_as_the_span(seconds: int, form: str) -> None:
    span = Span(SPAN.start, SPAN.start + seconds, seconds / 20)
    line = Line("svd", "#0072b2", [(span.start + span.step * n, 1.0) for n in range(20)])
    svg = picture(PANEL, [line], span, [])
    assert any(re.fullmatch(form, one) for one in texts(svg)), texts(svg)


def test_an_alert_fires_from_its_first_value_to_a_step_after_its_last() -> None:
    start = SPAN.start
    points = [(start + 15 * n, 1.0) for n in (1, 2, 3, 9)]
    found = periods([Series({"alertname": "AnswersSlow"}, points)], 15)
    assert found == {"AnswersSlow": [(start + 15, start + 60), (start + 135, start + 150)]}
