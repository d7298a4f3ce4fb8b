"""All that there is to say of one answer: its verdict, what stands behind it, its movies."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.release.judging import Explained, Verdict
from infra.release.makers import Makers
from infra.release.pipeline import Pipeline
from infra.release.provenance import days_behind, metrics_of, offsets_of, why_this_arm
from infra.release.reproduce import differing_libraries
from infra.release.tag import Tag, is_taken_back
from infra.release.telling import (
    counted_of,
    entries,
    headline,
    movies,
    offsets_told,
    tier_reason,
    values,
)


@dataclass(frozen=True)
class Days:
    """Where the closed days of the event log are, and whether all their offsets are told."""

    store: Path
    topic: str
    whole: bool


def told(explained: Explained, makers: Makers, days: Days) -> str:
    """All of it."""
    if explained.again is None:
        return f"{headline(explained)}\nfound in {explained.found.where}"
    facts = [("found in", explained.found.where), *facts_of(explained, makers, days)]
    return "\n\n".join([headline(explained), entries(facts), movies(explained)])


def facts_of(explained: Explained, makers: Makers, days: Days) -> Iterator[tuple[str, str]]:
    """What stands behind an answer, by name."""
    found, again = explained.found, explained.again
    assert again is not None
    maker = makers.of(found.said["model"])
    tag = makers.tag(found.said["model"]) if makers.package is None else None
    if tag is None:
        yield (
            "model",
            f"{maker.name}, by today's code; that it is {found.said['model']} is not proved",
        )
    else:
        yield from release_facts(makers.repository, tag, days)
        if explained.verdict is Verdict.DIFFERENT:
            then = Pipeline.read(makers.repository, tag.commit, tag.name)
            yield "libraries", "; ".join(differing_libraries(then)) or "as in its training"
    yield "data hash", str(maker.manifest["data_hash"])
    yield "params", values(maker.manifest["hyperparameters"])
    yield "uptake", values(maker.manifest["uptake"]) or "none: ranked by the rating alone"
    yield "tier", f"{found.said['tier']}: {tier_reason(found.said, again)}"
    yield "arm", f"{found.said['arm']}: {why_this_arm(makers.repository, found.said, found.time)}"


def release_facts(repository: Path, tag: Tag, held: Days) -> Iterator[tuple[str, str]]:
    """What a release's commit says of it, and the store of its days."""
    back = f"; taken back since, by {tag.name}!" if is_taken_back(repository, tag.name) else ""
    committed = f"{tag.committed:%Y-%m-%dT%H:%M:%S}Z"
    yield "model", f"{tag.name}, commit {tag.commit} of {committed}{back}; made by its own code"
    yield "metrics", values(metrics_of(repository, tag)) or "none in its commit"
    days = days_behind(repository, tag)
    offsets = (offsets_of(held.store, held.topic, day) for day in days)
    lines = [offsets_told(one, whole=held.whole) for one in offsets]
    yield "data", "\n".join([f"{counted_of(len(days), 'day')} of {held.topic}", *lines])
