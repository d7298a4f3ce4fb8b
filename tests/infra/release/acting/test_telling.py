"""Each message is Slack's once, and what is long past is nobody's."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.release.acting.telling import Deed, tell
from infra.release.origin import Origin
from infra.repository import git
from tests.infra.release.project import Project
from tests.infra.slack.standin import standing


def test_each_is_told_once_and_none_of_long_ago(
    sold: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    origin = Origin(sold.work, "origin")
    now = datetime.now(UTC)
    deeds = [
        Deed("svd@v1.0.0", now - timedelta(days=4), "long past"),
        Deed("svd@v1.1.0", now - timedelta(days=2), "yesterday's"),
        Deed("svd@v1.2.0", now, "today's"),
    ]
    assert tell(origin, deeds, 3) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "yesterday's",
        "today's",
        "SLACK_WEBHOOK is not set: that is told here alone",
    ]
    with standing() as slack:
        monkeypatch.setenv("SLACK_WEBHOOK", slack.webhook)
        assert tell(origin, deeds[1:2], 3) == 0
        assert tell(origin, deeds, 3) == 0
        assert tell(origin, deeds, 3) == 0
        assert slack.texts == ["yesterday's", "today's"]
    told = git(sold.origin, "for-each-ref", "--format=%(refname)", "refs/movierec").split()
    assert told == [f"refs/movierec/told/svd@v1.{n}.0" for n in (1, 2)]
