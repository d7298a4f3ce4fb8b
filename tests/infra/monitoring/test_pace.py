"""Rules at another pace: every duration is another, and nothing else is."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from infra.monitoring.pace import Pace

RULES = Path(__file__).resolve().parents[3] / "infra/prometheus/alerts.yml"
TEXT = RULES.read_text()
WINDOW = re.compile(r"\[([^\]]+)\]|offset (\w+)")


def rules_of(text: str) -> list[dict]:
    """Those that alert and those that record, in their order."""
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def scaled(factor: float) -> list[dict]:
    return rules_of(Pace(factor).rules(TEXT))


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("increase(a[15m]) > 0", "increase(a[30s]) > 0"),
        ("a offset 25h", "a offset 3000s"),
        ("max_over_time(a[1h:5m])", "max_over_time(a[120s:10s])"),
        ('a{x="5m", y=~"1h|2h", z="\\"3m"}[5m]', 'a{x="5m", y=~"1h|2h", z="\\"3m"}[10s]'),
        ("predict_linear(a[6h], 86400) < 0", "predict_linear(a[720s], 2880) < 0"),
        ("predict_linear(a[6h], 4 * 3600)", "predict_linear(a[720s], 4 * 3600)"),
        ("time() - a > 26 * 3600", "time() - a > 26 * 3600"),
        ("quantile_over_time(0.9, a5m[1m])", "quantile_over_time(0.9, a5m[2s])"),
        ("a_7d > 1e3 and rate5m > 0x1d", "a_7d > 1e3 and rate5m > 0x1d"),
    ],
)
def test_how_long_something_is_looked_at_is_scaled_and_what_is_measured_is_not(text, becomes):
    assert Pace(30).expression(text) == becomes


def test_in_real_time_a_rule_says_what_it_said():
    for ours, written in zip(scaled(1), rules_of(TEXT), strict=True):
        assert WINDOW.sub("", ours.pop("expr")) == WINDOW.sub("", written.pop("expr"))
        assert ours.keys() == written.keys()
        for key in ours.keys() - {"for", "keep_firing_for"}:
            assert ours[key] == written[key]


def test_every_window_of_ours_and_every_wait_becomes_shorter_by_the_factor():
    pairs = []
    for fast, slow in zip(scaled(30), scaled(1), strict=True):
        pairs.append((slow.get("for", "0s"), fast.get("for", "0s")))
        pairs += zip(windows(slow["expr"]), windows(fast["expr"]), strict=True)
    assert len(pairs) > len(scaled(1))
    for before, after in pairs:
        assert seconds(before) == pytest.approx(30 * seconds(after))


def windows(expression: str) -> list[str]:
    return [a or b for a, b in WINDOW.findall(expression)]


def seconds(text: str) -> float:
    """Of a duration as Pace writes one."""
    return float(text[:-2]) / 1000 if text.endswith("ms") else float(text[:-1])


def test_no_horizon_of_ours_is_written_in_a_way_that_would_be_left_as_it_is():
    for rule in rules_of(TEXT):
        asked = rule["expr"].count("predict_linear(")
        assert len(re.findall(r"\]\s*,\s*\d+\s*\)", rule["expr"])) == asked, rule


def test_routes_below_routes_wait_less():
    route = {"group_wait": "30s", "routes": [{"repeat_interval": "1h", "routes": [{"x": "1h"}]}]}
    Pace(30).route(route)
    assert route == {
        "group_wait": "1s",
        "routes": [{"repeat_interval": "120s", "routes": [{"x": "1h"}]}],
    }


@pytest.mark.slow
def test_promtool_reads_them(tmp_path):
    (tmp_path / "alerts.yml").write_text(Pace(30).rules(TEXT))
    command = ["promtool", "check", "rules", str(tmp_path / "alerts.yml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
