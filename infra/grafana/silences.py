"""What Alertmanager keeps to itself: an alert may fire and nobody be told, because a silence covers
it or because another alert stands for it."""

from collections.abc import Mapping
from dataclasses import replace

import urllib3

from infra.grafana.asking import SECONDS, Alert
from movierec.errors import Unavailable

SILENCED, INHIBITED = "silenced", "inhibited"
"""States of an alert that fires, beside Prometheus' own `firing`."""
ALERTS = "/api/v2/alerts"


class Alertmanager:
    """An Alertmanager, by its HTTP API."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=SECONDS), retries=urllib3.Retry(3, redirect=0)
        )

    def suppressed(self) -> list[tuple[Mapping[str, str], str]]:
        """(labels, SILENCED or INHIBITED) of each alert that it tells nobody of. Raises Unavailable
        when it cannot be asked."""
        try:
            answer = self._pool.request(
                "GET", self.url + ALERTS, fields={"active": "false", "unprocessed": "false"}
            )
            found = answer.json()
            return [
                (one["labels"], SILENCED if one["status"]["silencedBy"] else INHIBITED)
                for one in found
                if one["status"]["state"] == "suppressed"
            ]
        except (urllib3.exceptions.HTTPError, ValueError, LookupError, TypeError) as error:
            raise Unavailable(
                f"{self.url}: no Alertmanager answers there ({error}); --alertmanager names another"
            ) from None


def with_silences(
    alerts: list[Alert], suppressed: list[tuple[Mapping[str, str], str]]
) -> list[Alert]:
    """`alerts`, those that fire in the state that Alertmanager has them in. It may know labels
    beyond those of the rules, such as Prometheus' `external_labels`."""

    def state(alert: Alert) -> str:
        for labels, told in suppressed:
            if alert.state == "firing" and alert.labels.items() <= labels.items():
                return told
        return alert.state

    return [replace(alert, state=state(alert)) for alert in alerts]
