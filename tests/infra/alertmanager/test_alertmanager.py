"""Alertmanager's routes and what one alert keeps from being told, by its own tool and its file."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

INFRA = Path(__file__).resolve().parents[3] / "infra"
CONFIG = INFRA / "alertmanager/alertmanager.yml"
WRITTEN = yaml.safe_load(CONFIG.read_text())
ALERTS = yaml.safe_load((INFRA / "prometheus/alerts.yml").read_text())
NAMES = {r["alert"] for group in ALERTS["groups"] for r in group["rules"] if "alert" in r}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("severity=page", "slack"),
        ("severity=ticket", "slack"),
        ("severity=watchdog", "watchdog"),
        ("severity=unheard-of", "slack"),
    ],
)
def test_an_alert_goes_where_its_severity_says(labels: str, receiver: str) -> None:
    command = ["amtool", "config", "routes", "test", f"--config.file={CONFIG}"]
    done = subprocess.run([*command, labels], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, receiver), done.stderr


def test_the_end_of_trouble_is_told_and_the_watchdogs_is_not() -> None:
    told = {
        r["name"]: [s["send_resolved"] for s in r["slack_configs"]] for r in WRITTEN["receivers"]
    }
    assert told == {"slack": [True], "watchdog": [False]}


def test_what_wakes_somebody_is_told_again_sooner_and_the_watchdog_calls_every_five_minutes() -> (
    None
):
    route = WRITTEN["route"]
    again = {r["matchers"][0]: {**route, **r}["repeat_interval"] for r in route["routes"]}
    assert again == {
        'severity="page"': "1h",
        'severity="ticket"': "24h",
        'severity="watchdog"': "5m",
    }


def test_addresses_are_files_and_stand_nowhere() -> None:
    slack = [s for receiver in WRITTEN["receivers"] for s in receiver["slack_configs"]]
    assert {s["api_url_file"] for s in slack} == {
        "/run/secrets/slack_webhook",
        "/run/secrets/watchdog_url",
    }
    assert not any("api_url" in s for s in slack) and "://" not in CONFIG.read_text()


def test_an_alert_that_is_kept_quiet_and_one_that_keeps_it_so_are_there() -> None:
    for rule in WRITTEN["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            label, pattern = re.fullmatch(r'(\w+)=~?"(.*)"', matcher).groups()
            if label == "alertname":
                for name in pattern.split("|"):
                    assert any(re.fullmatch(name, known) for known in NAMES), name


def test_no_alert_is_kept_quiet_by_itself() -> None:
    for rule in WRITTEN["inhibit_rules"]:
        assert rule["source_matchers"] != rule["target_matchers"]
