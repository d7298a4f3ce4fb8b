"""The router's configuration comes from its settings, and a malformed one never serves."""

import json
import re
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest

from infra.router.settings import RouterSettings
from infra.router.start import configuration, write
from movierec.routing import Routing
from tests.infra.router.routers import ROOT

THREE = ("svd=10.0.0.1:80", "svdpp=[::1]:81", "third=third:82")


def test_another_arm_is_another_entry_and_nothing_else() -> None:
    text = configuration(RouterSettings(arms=THREE))
    names = set(re.findall(r"upstream (\S+) {", text))
    arms = ["svd", "svdpp", "third"]
    assert names == {*arms, *(f"{a}_{b}" for a, b in permutations(arms, 2))}
    assert "^/arms/(?<pinned>svd|svdpp|third)/" in text


def test_two_tries_lie_inside_the_deadline_with_a_twelfth_left() -> None:
    for deadline in (100, 600, 800, 60_000):
        text = configuration(RouterSettings(deadline_ms=deadline))
        times = dict(re.findall(r"proxy_(connect|send|read)_timeout (\d+)ms;", text))
        connect, read = int(times["connect"]), int(times["read"])
        assert times["send"] == times["read"] and connect > 0
        assert deadline * 11 / 12 - 3 <= 2 * (connect + read) <= deadline * 11 / 12
    assert re.search("proxy_next_upstream_tries 2;", text)


def test_one_arm_alone_has_none_behind_it() -> None:
    text = configuration(RouterSettings(arms=("svd=svd:8080",)))
    assert re.findall(r"upstream (\S+) {", text) == ["svd"]


def test_what_the_script_knows_of_the_start_is_written(tmp_path: Path) -> None:
    settings = RouterSettings(arms=THREE, folder=tmp_path, routing=tmp_path / "r.json")
    write(settings, Routing("s", {"svd": 1.0, "third": 0.5}))
    assert json.loads((tmp_path / "start.json").read_text()) == {
        "file": str(tmp_path / "r.json"),
        "failed": str(tmp_path / "failed"),
        "arms": "svd svdpp third",
        "routing": {"salt": "s", "weights": {"svd": 1, "third": 0.5}},
    }


GOOD = '{"salt": "1", "weights": {"svd": 1}}'


@pytest.mark.parametrize(
    ("told", "text", "message"),
    [
        ({}, '{"salt": "1", "weights"', "routing.json: not JSON"),
        ({}, '{"salt": "1", "weights": {"svd": 1, "c": 1}}', "weights of c, but ROUTER_ARMS has"),
        ({"ROUTER_ARMS": "svd"}, GOOD, "ROUTER_ARMS must be arm=host:port"),
        ({"ROUTER_PORTS": "1"}, GOOD, "ROUTER_PORTS is no setting: did you mean ROUTER_PORT?"),
    ],
)
def test_it_is_refused_in_one_line_before_a_port_opens(
    tmp_path: Path, told: dict[str, str], text: str, message: str
) -> None:
    done = start(tmp_path, told, text)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("host", ["0.0.0.0", "::1", "127.0.0.1"])
def test_nginx_takes_it(tmp_path: Path, host: str) -> None:
    told = {"ROUTER_ARMS": "svd=127.0.0.1:8080,svdpp=[::1]:8080", "ROUTER_HOST": host}
    done = start(tmp_path, told, GOOD)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("test is successful\n")


@pytest.mark.slow
def test_a_name_that_nobody_knows_is_refused_by_name(tmp_path: Path) -> None:
    done = start(tmp_path, {"ROUTER_ARMS": "svd=nowhere.invalid:8080"}, GOOD)
    assert done.returncode == 1
    assert 'host not found in upstream "nowhere.invalid:8080"' in done.stderr


def start(folder: Path, told: dict[str, str], text: str) -> "subprocess.CompletedProcess[str]":
    """`--check` as a container's start does it."""
    (folder / "routing.json").write_text(text)
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'stages'}",
        "ROUTER_ROUTING": str(folder / "routing.json"),
        "ROUTER_FOLDER": str(folder / "run"),
        **told,
    }
    return subprocess.run(
        [sys.executable, "-m", "infra.router.start", "--check"],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
