"""A release: what is in it, what keeps it from coming about, and that it is done once."""

import itertools
import json
import os
import signal
from pathlib import Path

import pytest

from infra.repository import git
from tests.infra.release.project import Project

FIRST = ["svd@v1.0.0", "svdpp@v1.0.0"]


def assert_released_once(project: Project, tags: list[str]) -> None:
    """The origin has these tags and a branch that is theirs, here as there, and no more."""
    assert project.tags() == tags
    head = git(project.origin, "rev-parse", "main")
    for tag in tags:
        assert git(project.origin, "rev-parse", f"{tag}^{{commit}}") == head
        assert git(project.work, "rev-parse", tag) == git(project.origin, "rev-parse", tag)
    assert git(project.work, "rev-parse", "HEAD") == head
    assert git(project.origin, "rev-list", "--count", "main").strip() == "2"
    assert git(project.work, "status", "--porcelain") == ""


def test_a_release_has_all_and_is_made_once(project: Project) -> None:
    done = project.release("register")
    assert (done.status, "svd@v1.0.0: released (the first one)" in done.output) == (0, True), done
    assert_released_once(project, FIRST)
    shown = git(project.origin, "show", "--stat=200", "--format=%s", "main")
    for name in ("dvc.lock", "metrics/svd.json", "reports/gate.json"):
        assert name in shown
    again = project.release("register")
    assert (again.status, again.output.count("released before, all is done")) == (0, 2), again
    assert_released_once(project, FIRST)


def test_killed_before_any_call_it_is_finished_by_the_next(
    project: Project, tmp_path: Path
) -> None:
    for call in itertools.count():
        copy = project.copy(tmp_path / f"killed-{call}")
        died = copy.release("register", die_before=call)
        assert died.status in (-signal.SIGKILL, 0), died
        assert copy.tags() in ([], FIRST), "half-released"
        again = copy.release("register")
        assert again.status == 0, (call, again)
        assert_released_once(copy, FIRST)
        if died.status == 0:
            break
    assert call > 20
