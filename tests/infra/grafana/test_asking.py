"""What Prometheus answers, without what is no number; and who cannot be asked."""

import pytest

from infra.grafana.asking import Prometheus, Span
from infra.processes import free_port
from movierec.errors import BadInput, Unavailable
from tests.infra.grafana.standin import ALERT, START, prometheus, series

SPAN = Span(START, START + 60, 15)


def test_a_range_is_series_in_the_order_of_their_labels_without_nan() -> None:
    made = [series(["1", "NaN", "3"], arm="svdpp"), series(["+Inf", "2"], arm="svd")]
    with prometheus(lambda _: made, []) as url:
        found = Prometheus(url).range("up", SPAN)
    assert [one.labels for one in found] == [{"arm": "svd"}, {"arm": "svdpp"}]
    assert found[0].points == [(START + 15, 2.0)]
    assert found[1].points == [(START, 1.0), (START + 30, 3.0)]


def test_alerts_have_names_and_say_since_when() -> None:
    with prometheus(lambda _: [], [ALERT]) as url:
        [alert] = Prometheus(url + "/").alerts()
    assert (alert.name, alert.state, alert.since) == ("AnswersSlow", "firing", ALERT["activeAt"])


def test_an_expression_that_is_none_is_named() -> None:
    def refuse(expression: str) -> list:
        raise ValueError("parse error: unexpected end")

    with prometheus(refuse, []) as url, pytest.raises(BadInput, match=r"unexpected end: sum\("):
        Prometheus(url).range("sum(", SPAN)


def test_where_nobody_answers_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"{url}: no Prometheus answers there"):
        Prometheus(url).alerts()
