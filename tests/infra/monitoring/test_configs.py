"""On one machine the files of production are used: what differs is what has to."""

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.monitoring.configs import (
    ALERTMANAGER,
    PROMETHEUS,
    alertmanager_config,
    prometheus_config,
    slack_configs,
    write_rules,
)
from infra.monitoring.pace import Pace

TARGETS = {"svd:8080": "127.0.0.1:4001", "collector:9400": "127.0.0.1:4002"}


def prometheus(pace: float) -> dict:
    return yaml.safe_load(prometheus_config(Path("/r"), TARGETS, "127.0.0.1:5", Pace(pace)))


def test_targets_listen_elsewhere_and_keep_their_names():
    jobs = {job["job_name"]: job["static_configs"] for job in prometheus(1)["scrape_configs"]}
    svd = {"targets": ["127.0.0.1:4001"], "labels": {"instance": "svd:8080"}}
    assert jobs["serve"] == [svd], "svdpp is not there"
    assert jobs["router"] == []
    assert jobs["collector"][0]["targets"] == ["127.0.0.1:4002"]


def test_all_else_of_prometheus_is_the_file():
    written, ours = yaml.safe_load(PROMETHEUS.read_text()), prometheus(1)
    assert [Path(name).name for name in ours["rule_files"]] == written["rule_files"]
    for document in (written, ours):
        del document["rule_files"], document["alerting"]
        for job in document["scrape_configs"]:
            del job["static_configs"]
    assert ours == written


def test_a_scrape_has_a_second_at_any_pace():
    assert prometheus(30)["global"] == {"scrape_interval": "1s", "evaluation_interval": "1s"}
    assert prometheus(3)["global"] == {"scrape_interval": "5s", "evaluation_interval": "5s"}


def test_all_else_of_alertmanager_is_the_file():
    written = yaml.safe_load(ALERTMANAGER.read_text())
    ours = yaml.safe_load(alertmanager_config(Path("/s"), Pace(1)))
    assert [slack["api_url_file"] for slack in slack_configs(ours)] == [
        "/s/slack_webhook",
        "/s/watchdog_url",
    ]
    for document in (written, ours):
        document["route"].clear()
        for slack in slack_configs(document):
            del slack["api_url_file"]
    assert ours == written


def test_alertmanager_waits_less_at_another_pace():
    route = yaml.safe_load(alertmanager_config(Path("/s"), Pace(30)))["route"]
    assert (route["group_wait"], route["group_interval"]) == ("1s", "10s")
    assert route["routes"][1]["repeat_interval"] == "120s"


@pytest.mark.slow
def test_their_own_tools_accept_what_is_written(tmp_path):
    write_rules(tmp_path, Pace(30))
    (tmp_path / "p.yml").write_text(prometheus_config(tmp_path, TARGETS, "127.0.0.1:5", Pace(30)))
    (tmp_path / "a.yml").write_text(alertmanager_config(tmp_path, Pace(30)))
    for command in (["promtool", "check", "config"], ["amtool", "check-config"]):
        file = tmp_path / ("p.yml" if command[0] == "promtool" else "a.yml")
        done = subprocess.run([*command, str(file)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
