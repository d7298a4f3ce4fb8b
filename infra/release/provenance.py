"""What stands behind an answer, beside its model: days, offsets, measures, and why that arm."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.release.tag import Tag
from infra.repository import attempt
from movierec.dataset.windowfile import days_of
from movierec.errors import BadParams, CorruptFile
from movierec.fields import checked
from movierec.routing import Routing, ranking
from movierec.store.days import closed_days, read_manifest
from movierec.store.expired import expired_record
from movierec.store.storage import at
from movierec.times import Nanoseconds, format_time
from movierec.yamlfile import parse_yaml

WINDOW, PARAMS = "data/window.yaml", "params.yaml"


@dataclass(frozen=True)
class Offsets:
    """Which lines of the log a closed day had."""

    day: str
    partitions: Mapping[str, Mapping[str, Any]] | None
    """number → `first` and `last`, of the offsets; None when nobody knows any more."""
    note: str
    """What there is to say of the day beside that."""


def days_behind(repository: Path, tag: Tag) -> list[str]:
    """The closed days that a release was trained on; none where its commit has no window."""
    shown = attempt(repository, "show", f"{tag.commit}:{WINDOW}")
    return [] if shown.returncode else days_of(shown.stdout, Path(f"{tag.name}:{WINDOW}"))


def metrics_of(repository: Path, tag: Tag) -> dict[str, Any]:
    """How a release measured up when it was made; nothing where its commit does not say."""
    shown = attempt(repository, "show", f"{tag.commit}:metrics/{tag.kind}.json")
    measured: dict[str, Any] = {} if shown.returncode else json.loads(shown.stdout)
    return measured


def offsets_of(store: Path, topic: str, day: str) -> Offsets:
    """The offset ranges of a day, by its manifest, or by what was written down when it expired.

    Of one that does not verify, or is nowhere, the note says so.
    """
    try:
        if day in closed_days(store, topic):
            manifest = read_manifest(store, topic, day)
            return _offsets(day, manifest["partitions"], manifest["gaps"], "")
        record = expired_record(at(store), topic, day)
    except CorruptFile as error:
        return Offsets(day, None, str(error))
    if record is None:
        return Offsets(day, None, f"not in {store / topic}: name the collector's folder by --store")
    expired = f"expired on {record['expired']}"
    if "partitions" not in record:
        return Offsets(day, None, f"{expired}, and its offsets were not written down then")
    return _offsets(day, record["partitions"], record["gaps"], expired)


def _offsets(day: str, partitions: dict[str, Any], gaps: list[Any], note: str) -> Offsets:
    plural = "" if len(gaps) == 1 else "s"
    gap = f"{len(gaps)} gap{plural}: the broker had lost lines of it" if gaps else ""
    return Offsets(day, partitions, "; ".join(filter(None, [note, gap])))


def why_this_arm(repository: Path, said: Mapping[str, Any], time: Nanoseconds) -> str:
    """By what routing a user came to the arm that answered, as params.yaml stood at that time."""
    user, arm = said["user"], said["arm"]
    moment = f"{format_time(time, 0)}Z"
    asked = attempt(repository, "rev-list", "-1", f"--before={moment}", "HEAD")
    commit = asked.stdout.decode().strip()
    shown = attempt(repository, "show", f"{commit}:{PARAMS}") if commit else asked
    if not commit or shown.returncode:
        return f"no {PARAMS} in the repository is as old as this answer"
    place = f"{PARAMS} of {commit[:10]}"
    try:
        document = parse_yaml(shown.stdout, Path(place), "see git")
        routing = checked(Routing, document.get("routing"), f"{place}: routing")
    except BadParams as error:
        return f"nobody knows: {error}"
    weights = ", ".join(f"{name} {weight:g}" for name, weight in routing.weights.items())
    dealt = ranking(user, routing.salt, routing.weights)[0]
    by = f"{place}, the last before it: salt {routing.salt}, weights {weights}"
    if dealt == arm:
        return f"the routing deals user {user} to it ({by})"
    return (
        f"the routing deals user {user} to {dealt} ({by}): {arm} stood in, was asked by name, or "
        f"users were dealt otherwise then"
    )
