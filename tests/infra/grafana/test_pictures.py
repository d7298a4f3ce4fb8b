"""The page has every panel, needs no network, and begins with what fires."""

import contextlib
import re
from collections.abc import Iterator

import pytest

from infra.grafana.asking import Span
from infra.grafana.pictures import main, span_of
from movierec.errors import BadInput
from tests.infra.grafana.dashboards import panels
from tests.infra.grafana.standin import ALERT, START, WATCHDOG, prometheus, series
from tests.infra.grafana.test_silences import kept


def answer(expression: str) -> list[dict]:
    """Every query has values but those of lines that were rejected; an alert fired."""
    if expression.startswith("ALERTS"):
        return [series([1.0] * 10, alertname="AnswersSlow")]
    if "rejected" in expression:
        return []
    return [series([0.1 * n for n in range(41)], arm="svd", topic="<topic>")]


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of a time in which an alert fired, and fires."""
    file = tmp_path_factory.mktemp("page") / "monitoring.html"
    with prometheus(answer, [ALERT, WATCHDOG]) as url, at_the_end():
        assert main(["--prometheus", url, "--output", str(file)]) == 0
    return file.read_text()


@contextlib.contextmanager
def at_the_end() -> Iterator[None]:
    """Ten minutes after the first value."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.grafana.pictures.time.time", lambda: START + 600)
        yield


def test_every_panel_is_drawn_and_what_is_empty_says_why(html: str) -> None:
    drawn = [panel for _, panel in panels() if panel["type"] == "timeseries"]
    assert html.count("<svg") == len(drawn) - 2
    assert html.count("No values. No line was rejected.") == 2
    for _, panel in panels():
        assert f"<b>{panel['title'].replace(chr(39), '&#39;')}</b>" in html


def test_the_page_fetches_nothing_and_escapes_what_it_was_told(html: str) -> None:
    fetched = re.findall(r'(?:src|href|xlink:href)="(?!#)([^"]*)"|url\(', html)
    assert not fetched and "<script" not in html
    assert "<topic>" not in html and "&lt;topic&gt;" in html


def test_what_fires_stands_on_top_and_is_shaded_where_it_is_watched(html: str) -> None:
    top, _, below = html.partition("<nav>")
    assert "1 alert firing" in top and "the watchdog fires" in top
    assert "1 % of answers of &lt;svd&gt; take over 400 ms" in top
    assert "2023-11-14 22:15:00" in top and "README.md#answersslow" in top
    assert "serve: 1 of 2 up" in top
    watched = [panel for _, panel in panels() if "AnswersSlow" in str(panel["links"])]
    assert below.count("Shaded: AnswersSlow fired.") == len(watched) == 1


def test_what_is_silenced_is_not_said_to_fire(tmp_path) -> None:
    page = tmp_path / "monitoring.html"
    stale, burn = (
        ALERT | {"labels": {"alertname": name, "severity": "ticket"}}
        for name in ("ModelStale", "LatencyBurn")
    )
    told = [kept("ModelStale", silencedBy=["7"]), kept("LatencyBurn", inhibitedBy=["8"])]
    with prometheus(answer, [stale, burn, WATCHDOG], told) as url, at_the_end():
        assert main(["--prometheus", url, "--output", str(page)]) == 0
        top = page.read_text().partition("<nav>")[0]
        assert "No alert fires that somebody is told of" in top
        assert ' refused">' not in top.partition("Scraped")[0].rpartition("<section")[0]
        assert "1 silenced, 1 inhibited by another, 0 pending" in top
        rows = re.findall("<td>(ModelStale|LatencyBurn)</td><td>(.*?)</td>", top)
        assert rows == [("ModelStale", "silenced, ticket"), ("LatencyBurn", "inhibited, ticket")]
        with prometheus(answer, [], []) as other:
            asked = ["--prometheus", url, "--alertmanager", other, "--output", str(page)]
            assert main(asked) == 0
    assert "2 alerts firing" in page.read_text(), "by the Alertmanager that is named"


def test_a_quiet_time_says_so(tmp_path, capsys) -> None:
    file = tmp_path / "monitoring.html"
    with prometheus(lambda _: [], []) as url, at_the_end():
        assert main(["--prometheus", url, "--output", str(file)]) == 0
    count = len(list(panels()))
    told = f"{count} panels, {count} of them without values, are in {file}\n"
    assert capsys.readouterr().out == told
    top = file.read_text().partition("<nav>")[0]
    assert "No alert fires" in top and "the watchdog" not in top


def test_a_page_goes_back_as_far_as_there_are_values() -> None:
    assert span_of(3600, 15, 10_000, 9_000) == Span(9_000, 10_000, 15)
    assert span_of(3600, 15, 10_000, 0) == Span(6_400, 10_000, 30)
    assert span_of(3600, 15, 10_000, 9_999) == Span(9_985, 10_000, 15), "just started"


def test_no_time_is_refused(tmp_path) -> None:
    with pytest.raises(BadInput, match="--minutes 0"):
        main(["--prometheus", "http://x", "--output", str(tmp_path / "p"), "--minutes", "0"])
