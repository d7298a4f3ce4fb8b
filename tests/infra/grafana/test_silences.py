"""Who is kept from telling, and why; and who cannot be asked."""

from typing import Any

import pytest

from infra.grafana.asking import Alert
from infra.grafana.silences import Alertmanager, with_silences
from infra.processes import free_port
from movierec.errors import Unavailable
from tests.infra.grafana.standin import prometheus


def kept(name: str, **by: list[str]) -> dict[str, Any]:
    """An alert that Alertmanager suppresses, as it tells of it."""
    status = {"state": "suppressed", "silencedBy": [], "inhibitedBy": []} | by
    return {"labels": {"alertname": name, "severity": "ticket", "cluster": "eu"}, "status": status}


def test_a_silence_and_an_alert_that_stands_for_another_are_told_apart() -> None:
    both = kept("C", silencedBy=["7"], inhibitedBy=["8"])
    told = [kept("A", silencedBy=["7"]), kept("B", inhibitedBy=["8"]), both]
    told.append({"labels": {"alertname": "D"}, "status": {"state": "active", "silencedBy": []}})
    with prometheus(lambda _: [], [], told) as url:
        found = Alertmanager(url + "/").suppressed()
    assert [(labels["alertname"], state) for labels, state in found] == [
        ("A", "silenced"), ("B", "inhibited"), ("C", "silenced")]  # fmt: skip


def test_only_what_fires_and_has_all_its_labels_there_is_silenced() -> None:
    def alert(name: str, state: str, **labels: str) -> Alert:
        return Alert(name, state, "", {"alertname": name, **labels}, {})

    told = [({"alertname": "A", "arm": "svd", "cluster": "eu"}, "silenced")]
    alerts = [alert("A", "firing", arm="svd"), alert("A", "firing", arm="svdpp"),
              alert("A", "pending", arm="svd"), alert("B", "firing")]  # fmt: skip
    states = [one.state for one in with_silences(alerts, told)]
    assert states == ["silenced", "firing", "pending", "firing"]


def test_where_no_alertmanager_answers_is_named() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"{url}: no Alertmanager answers there.*--alertmanager"):
        Alertmanager(url).suppressed()
    with (
        prometheus(lambda _: [], [], [{"labels": {}}]) as other,
        pytest.raises(Unavailable, match="no Alertmanager answers there"),
    ):
        Alertmanager(other).suppressed()
