"""Our configuration of Prometheus and Alertmanager, for programs on one machine.

The files are those of production. What differs is listed here and nowhere else: where targets and
Alertmanager listen, where rules and secrets lie, and the pace.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.monitoring.pace import Pace

INFRA = Path(__file__).resolve().parents[1]
PROMETHEUS = INFRA / "prometheus/prometheus.yml"
ALERTMANAGER = INFRA / "alertmanager/alertmanager.yml"
SECRETS = "/run/secrets"


def prometheus_config(rules: Path, targets: Mapping[str, str], alerts_to: str, pace: Pace) -> str:
    """prometheus.yml with its rules from the folder `rules`.

    targets: as the file names one (`svd:8080`) → where it listens (`127.0.0.1:4312`). It keeps the
    file's name as its `instance`; one that is not there is left out.
    """
    document = yaml.safe_load(PROMETHEUS.read_text())
    for key in ("scrape_interval", "evaluation_interval"):
        document["global"][key] = pace.scrape(document["global"][key])
    document["rule_files"] = [str(rules / Path(name).name) for name in document["rule_files"]]
    for to in document["alerting"]["alertmanagers"]:
        to["static_configs"] = [{"targets": [alerts_to]}]
    for job in document["scrape_configs"]:
        if "scrape_interval" in job:
            job["scrape_interval"] = pace.scrape(job["scrape_interval"])
        job["static_configs"] = [
            {"targets": [targets[name]], "labels": {**group.get("labels", {}), "instance": name}}
            for group in job["static_configs"]
            for name in group["targets"]
            if name in targets
        ]
    return yaml.safe_dump(document, sort_keys=False)


def write_rules(folder: Path, pace: Pace) -> None:
    """The rule files that prometheus.yml names, at that pace, into a folder."""
    for name in yaml.safe_load(PROMETHEUS.read_text())["rule_files"]:
        source = PROMETHEUS.parent / name
        (folder / source.name).write_text(pace.rules(source.read_text()))


def alertmanager_config(secrets: Path, pace: Pace) -> str:
    """alertmanager.yml with its secrets from the folder `secrets`."""
    document = yaml.safe_load(ALERTMANAGER.read_text())
    pace.route(document["route"])
    for slack in slack_configs(document):
        slack["api_url_file"] = str(secrets / Path(slack["api_url_file"]).name)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def slack_configs(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What alertmanager.yml says of Slack, of each receiver."""
    return [slack for receiver in document["receivers"] for slack in receiver["slack_configs"]]
