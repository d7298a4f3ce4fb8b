"""The scripts of infra/ci, and what infra/README.md says of them."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "infra/README.md").read_text()
SCRIPTS = sorted((ROOT / "infra/ci").glob("*.sh"))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_can_be_run_stops_at_what_fails_and_says_what_it_does(path: Path) -> None:
    first, second, *lines = path.read_text().splitlines()
    assert os.access(path, os.X_OK)
    assert (first, second[:2]) == ("#!/usr/bin/env bash", "# ")
    assert "set -euo pipefail" in lines


def test_the_readme_lists_what_each_stage_runs_in_order() -> None:
    text = (ROOT / "Jenkinsfile").read_text()
    called = re.findall(r"^ *sh '(.*)'$", text, re.M)
    table = README.split("| stage | runs |\n")[1].split("\n\n")[0]
    assert re.findall(r"`(.*?)`", table) == called
    stages = re.findall(r"^ *stage\('(.*)'\)", text, re.M)
    listed = [row.split(" | ")[0].strip("| ") for row in table.splitlines()[1:]]
    assert [name for name in listed if "," not in name] == [s for s in stages if s != "unit tests"]


def test_the_readme_lists_the_variables_with_their_defaults() -> None:
    found = dict[str, str]()
    for path in SCRIPTS:
        for name, default in re.findall(r"\$\{(MOVIEREC_[A-Z_]+):-([^}]*)\}", path.read_text()):
            found[name] = default or "none"
    rows = re.findall(r"^\| `(MOVIEREC_\w+)` \| `?(\w+)`? \|", README, re.M)
    assert dict(rows) == found
