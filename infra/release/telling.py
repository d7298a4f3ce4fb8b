"""What became of an answer, for a person: its verdict, and all that stands behind it."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from infra.demo.report import table
from infra.release.answers import Found
from infra.release.judging import Explained, Verdict
from infra.release.provenance import Offsets
from movierec.times import Nanoseconds

WIDTH = 110
SHOWN = 3
"""Of other answers near, on each side."""
PARTITIONS = 3
"""Of a day with more, so many are told of, unless all are asked for."""


def headline(explained: Explained) -> str:
    """One line: whose answer it is, and the verdict."""
    said = explained.found.said
    told = f"{explained.verdict}  {said['time']}  user {said['user']}  {said['model']}"
    told += f" (arm {said['arm']})  tier {said['tier']}  request {said['request_id']}"
    return f"{told}: {explained.why}" if explained.why else told


def entries(facts: Sequence[tuple[str, str]]) -> str:
    """Names and what is said of each, wrapped beside them."""
    width = max(len(name) for name, _ in facts) + 2
    lines = []
    for name, text in facts:
        for number, part in enumerate(text.split("\n")):
            head = f"{'' if number else name:<{width}}"
            lines += textwrap.wrap(
                part,
                WIDTH,
                initial_indent=head,
                subsequent_indent=" " * width,
                break_on_hyphens=False,
                break_long_words=False,
            )
    return "\n".join(lines)


def values(mapping: Mapping[str, Any] | None) -> str:
    """`rmse 0.81, mae 0.6`, of what is flat."""
    return ", ".join(f"{name} {value}" for name, value in (mapping or {}).items())


def tier_reason(said: Mapping[str, Any], again: Mapping[str, Any]) -> str:
    """Why the answer was of its tier, in words."""
    user, tier, seen = said["user"], said["tier"], again["seen"]
    history = said.get("history", [])
    rated = sum(rating is not None for _, rating in history)
    late = f"{counted_of(len(history), 'movie')} of the log since then ({rated} rated)"
    if tier == "popular":
        if again["unhurried"] != tier:
            return (
                f"the service was in a hurry: over SERVICE_IN_FLIGHT requests waited, so what is "
                f"known of user {user}, and gives the tier {again['unhurried']}, was passed over"
            )
        if not seen:
            return f"nothing was known of user {user}"
        known = (
            f"user {user} watched {counted_of(seen, 'movie')} of the model's data and rated none"
        )
        return f"{known}: this model leaves those out, and makes no list of them"
    if again["row"]:
        return f"user {user} has a row in the model, with {seen} of its movies; {late}"
    if tier == "model":
        return f"user {user} watched {seen} of the model's movies and rated none; {late}"
    return f"user {user} has no row in the model, and was folded in by {late}"


def counted_of(count: int, what: str) -> str:
    """`1 movie`, `2 movies`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def offsets_told(offsets: Offsets, *, whole: bool) -> str:
    """The first and the last offset that a day has of each partition; without `whole` of a few."""
    if offsets.partitions is None:
        return f"{offsets.day}  {offsets.note}"
    held = {int(n): e for n, e in offsets.partitions.items() if e["first"] is not None}
    ranges = [f"{n} {entry['first']}–{entry['last']}" for n, entry in sorted(held.items())]
    if len(ranges) > PARTITIONS and not whole:
        ranges[PARTITIONS:] = [f"and {len(ranges) - PARTITIONS} more by --offsets"]
    lines = sum(entry["stored"] + entry["rejected"] for entry in held.values())
    note = f"; {offsets.note}" if offsets.note else ""
    return f"{offsets.day}  {lines:,} lines, offsets by partition: {', '.join(ranges)}{note}"


def movies(explained: Explained) -> str:
    """The list as it is made today, each movie with its reason; beside it, where they differ, the
    one that was logged."""
    assert explained.again is not None
    again, nothing = explained.again, [None] * len(explained.again["ids"])
    columns = [again.get(name) or nothing for name in ("scores", "ratings", "because")]
    rows = [
        [now or "", was or "", _number(score), _number(rating), _speaks(because)]
        for was, now, score, rating, because in zip_longest(
            explained.found.said["ids"], again["ids"], *columns
        )
    ]
    head = ["movie", "as logged", "score", "rating", "because of"]
    if explained.verdict is Verdict.IDENTICAL:
        rows, head = [[now, *rest] for now, _, *rest in rows], [head[0], *head[2:]]
    return table(head, rows)


def near_told(user: int, until: Nanoseconds, near: Sequence[Found]) -> str:
    """Which other answers a user had around a moment: the nearest before and after it."""
    named = [f"{one.said['time']} (request {one.said['request_id']})" for one in near]
    before = sum(one.time < until for one in near)
    shown = named[max(0, before - SHOWN) : before + SHOWN]
    more = f" and {len(named) - len(shown):,} more" if len(shown) < len(named) else ""
    return f"others of user {user} within an hour: {', '.join(shown) or 'none'}{more}"


def counted(explained: Iterable[tuple[str, str, Verdict]]) -> str:
    """How many answers of which model and tier came out how: a table and a line."""
    counts = Counter(explained)
    groups = sorted({(model, tier) for model, tier, _ in counts})
    rows = [
        [f"{model}  {tier}", *(f"{counts[model, tier, verdict]:,}" for verdict in Verdict)]
        for model, tier in groups
    ]
    sums = {v: sum(n for (_, _, verdict), n in counts.items() if verdict == v) for v in Verdict}
    told = ", ".join(f"{count:,} {verdict}" for verdict, count in sums.items())
    whole = f"{counts.total():,} answers: {told}"
    return "\n".join([table(["model, tier", *Verdict], rows), whole])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"


def _speaks(because: Mapping[str, Any] | None) -> str:
    """The movies that weigh most in a score: of the uptake, else of the rating."""
    part = because and (because["uptake"] or because["implicit"])
    return ", ".join(reason["id"] for reason in part["from"]) if part else ""
