"""Messages about what was done, each until Slack has it.

What is told stands in git already: in a tag's message or a commit's. That Slack has taken it says a
ref of the origin, `refs/movierec/told/<name>`, which is pushed once Slack has said so: a run that
is killed before tells it again, and one behind does not.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.release.origin import Origin
from infra.release.stage import moves_of
from infra.repository import git
from infra.slack.post import post
from infra.slack.settings import SlackSettings
from movierec.cli import refuse
from movierec.errors import Unavailable
from movierec.models.kinds import KINDS

TOLD = "refs/movierec/told/"
TRAILER = "Because"
PARAMS = "params.yaml"


@dataclass(frozen=True)
class Deed:
    """Something that was done by a verdict."""

    name: str
    """Of the tag or commit that says so."""
    at: datetime
    text: str


def rollbacks(repository: Path) -> list[Deed]:
    """Every rollback by a verdict."""
    moves = [move for kind in KINDS for move in moves_of(repository, kind) if move.because]
    return [
        Deed(
            move.tag,
            move.at,
            f"{move.instead_of} was rolled back to {move.release} ({move.tag}): {move.because}. To"
            f" undo that: `python -m infra.release deploy {move.instead_of}`, then"
            f" `python -m infra.release promote {move.instead_of} --again`.",
        )
        for move in moves
    ]


def moves_of_users(repository: Path, commit: str, max_age_days: int) -> list[Deed]:
    """Every commit of late that a verdict has given users to another arm by."""
    since = f"--since={max_age_days + 1} days ago"
    form = f"--format=%H%x00%ct%x00%(trailers:key={TRAILER},valueonly)%x00"
    log = git(repository, "log", since, form, commit, "--", PARAMS)
    values = [value.strip() for value in log.split("\0")]
    found = zip(values[::3], values[1::3], values[2::3], strict=False)
    return [
        Deed(
            name,
            datetime.fromtimestamp(int(when), UTC),
            f"Users are dealt otherwise ({name[:10]}): {because}. To undo that: `git revert"
            f" {name[:10]}`, and act.follow_verdict: false.",
        )
        for name, when, because in found
        if because
    ]


def tell(origin: Origin, deeds: list[Deed], max_age_days: int) -> int:
    """Have Slack take each message that it has not taken; the exit status. What was done longer ago
    nobody waits for. Without Slack each is printed alone, by every run until it is that old."""
    refs = origin.refs()
    since = datetime.now(UTC) - timedelta(days=max_age_days)
    new = [deed for deed in deeds if deed.at >= since and TOLD + deed.name not in refs]
    for deed in new:
        print(deed.text, flush=True)
    settings = SlackSettings.from_environment()
    if settings.webhook is None:
        if new:
            print("SLACK_WEBHOOK is not set: that is told here alone")
        return 0
    status = 0
    for deed in new:
        if why := post(settings, deed.text):
            refuse(Unavailable(f"Slack was not told of {deed.name}: {why}; run this again"))
            status = 2
            continue
        object_ = git(origin.repository, "rev-parse", "--verify", deed.name).strip()
        origin.note(TOLD + deed.name, object_, refs)
        print(f"Slack was told of {deed.name}")
    return status
