"""The scripts of infra/ci, and what infra/ci/README.md says of them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.repository import environment

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "infra/ci/README.md").read_text()
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


@pytest.mark.parametrize("path", sorted((ROOT / "infra/ci").glob("*.sh")), ids=lambda p: p.name)
def test_a_git_that_reaches_another_repository_does_not_wait_for_ever(path: Path) -> None:
    code = re.sub(r"(?m)^\s*#.*", "", path.read_text())
    assert not re.findall(r"\bgit (?:-\S+ )*(?:fetch|push|pull|clone|ls-remote)\b", code)


def called(folder: Path, script: str, *arguments: str, **variables: str) -> tuple[int, str]:
    """A script's exit status and words in a folder where `python` and `curl` say how they are
    called, and svd@v1.0.0 is in production."""
    for name in ("python", "curl"):
        program = folder / ".venv/bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {folder}/calls\necho svd svd@v1.0.0\n')
        program.chmod(0o755)
    (folder / "infra/ci").mkdir(parents=True)
    shutil.copy(ROOT / "infra/ci" / script, folder / "infra/ci")
    done = subprocess.run(
        [folder / "infra/ci" / script, *arguments],
        env=environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("kind", ["svd", "all"])
def test_no_verb_runs_where_nothing_is_to_be_deployed(tmp_path: Path, kind: str) -> None:
    (tmp_path / ".cache/ci/due").mkdir(parents=True)
    assert called(tmp_path, "due.sh", kind, "deploy") == (0, "nothing is to be deployed\n")
    assert not (tmp_path / "calls").exists()


@pytest.mark.parametrize(("kind", "verbs"), [("svd", ["svd"]), ("all", ["svd", "svdpp"])])
def test_a_verb_runs_for_what_is_to_be_deployed(
    tmp_path: Path, kind: str, verbs: list[str]
) -> None:
    (tmp_path / ".cache/ci/due").mkdir(parents=True)
    for name in ("svd", "svdpp"):
        (tmp_path / ".cache/ci/due" / name).write_text(f"{name}@v1.0.0\n")
    assert called(tmp_path, "due.sh", kind, "card", "--output", "card {}.html")[0] == 0
    calls = (tmp_path / "calls").read_text().splitlines()
    expected = "python -m infra.release card {0}@v1.0.0 --output card {0}.html"
    assert calls == [expected.format(verb) for verb in verbs]


def test_a_routers_address_may_end_in_a_slash_as_for_deploy(tmp_path: Path) -> None:
    called(tmp_path, "smoke.sh", DEPLOY_ROUTER="https://router.invalid/")
    calls = (tmp_path / "calls").read_text().splitlines()
    asked = [line.split()[-1] for line in calls if line.startswith("curl")]
    assert asked[0] == "https://router.invalid/arms/svd/recommend/1"


def test_a_collectors_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    said = f"error: MOVIEREC_STORE: there is no folder {tmp_path}/stroe\n"
    assert called(tmp_path, "fetch.sh", MOVIEREC_STORE=f"{tmp_path}/stroe") == (2, said)


def test_days_of_a_store_on_s3_are_brought_before_the_window_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    called(tmp_path, "fetch.sh", MOVIEREC_STORE="s3://bucket/movierec")
    calls = (tmp_path / "calls").read_text().splitlines()
    asked = [line.split()[3] for line in calls if line.startswith("python -m infra.release ")]
    assert asked == ["bring", "window", "incumbent"]
    assert "python -m infra.release bring --store s3://bucket/movierec" in calls


def test_only_a_build_of_master_tells_how_the_night_ended(tmp_path: Path) -> None:
    assert called(tmp_path, "handover.sh", "failure", BRANCH_NAME="PR-7") == (0, "")
    assert not (tmp_path / "calls").exists()
    shutil.rmtree(tmp_path / "infra")
    assert called(tmp_path, "handover.sh", "failure", BRANCH_NAME="master")[0] == 0
    expected = "python -m infra.prometheus.handover --outcome failure\n"
    assert (tmp_path / "calls").read_text() == expected
