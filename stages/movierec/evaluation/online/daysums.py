"""What a day's answers did, as sums: all that is kept of them. Days add up. Pure, but for the file.

A row is of a (user, model, arm, tier, state): how many answers, and the sums of what became of
them, in whole numbers, so that no order of adding changes them. A **state** is which model each
arm's latest answer at the time was by: so a release can be compared with the one before it while
the other arm kept its own.

Of a day those answers are judged whose window ends within it: those of the day but for its last
minutes, and those of the last minutes of the day before, where that is known. So each answer is
judged once, and whoever has both days misses none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from movierec.arrays import RESTORE, read_folder, write_folder
from movierec.dataset.scale import Events
from movierec.errors import CorruptFile
from movierec.evaluation.online.answers import Answers, Codes, read_answers, sorted_names
from movierec.evaluation.online.grouping import KEYS, SUMS, chosen, grouped
from movierec.evaluation.online.latest import Ints
from movierec.evaluation.online.outcomes import Online, Outcomes, outcomes
from movierec.evaluation.online.requests import Requests
from movierec.times import DAY, MINUTE, day_number, day_start

FORMAT = "movierec-online/1"
NEVER = np.iinfo(np.int64).max
TOLD = ("day", "before", "open", "names", "requests", "duplicates")
UNATTRIBUTED = "unattributed"
REQUESTS = ("lines", "failed", "late", "available")
FILES = ("states", "first", "pending", "movies", "watchers", "listed", "started")
NEAR_MIDNIGHT = MINUTE
"""A request line may be of the day after that of its answer by so much."""
MIN_WATCHERS = 2
"""Of a movie on a day: an id that one user alone has may be a corrupted one."""


@dataclass(frozen=True)
class DaySums:
    """The sums of the answers that were judged of a day."""

    day: str
    before: bool
    """Whether the day before was known, and the answers of its last minutes are judged here."""
    open: bool
    """Whether answers are judged whose window is not over."""
    names: dict[str, list[str]]
    """model, arm, tier → names, ascending; their places are what `rows` and all else mean."""
    rows: dict[str, NDArray[Any]]
    """Columns KEYS and SUMS, ascending by KEYS."""
    states: NDArray[np.int32]
    """(n_states, n_arms) models, −1 where an arm never answered."""
    first: Ints
    """(n_models,) when each model first answered, of those judged or pending, in ns."""
    pending: Ints
    """(n_models,) answers of the day's last minutes: the next day judges them."""
    met: tuple[Ints, Ints]
    """Users, ascending, and the arm of the first answer to each."""
    movies: NDArray[np.bytes_]
    """(n_movies,) ascending: those that were watched, listed or started."""
    watchers: Ints
    """(n_movies,) users who watched it on the day, where there were MIN_WATCHERS."""
    listed: Ints
    """(n_models, n_movies) times that it stood in a list."""
    started: Ints
    """(n_models, n_movies) starts within the window after an answer, whether it offered it or
    not."""
    requests: dict[str, int]
    """lines, failed, late, available, unattributed: of the day's request lines."""
    duplicates: int
    """Lines of the served log that say what another one says."""


@dataclass(frozen=True)
class Lines:
    """Rows (schema `rows.STORED`, or those columns of it that count) of both topics, in batches
    that are read once: `served_before`, `served`, `log_before`, `log`."""

    served: Iterable[pa.RecordBatch]
    log: Iterable[pa.RecordBatch]
    served_before: Iterable[pa.RecordBatch] | None = None
    """Of the day before; None where it is not known."""
    log_before: Iterable[pa.RecordBatch] | None = None


def sums_of(day: str, lines: Lines, params: Online, events: Events, open: bool = False) -> DaySums:
    """The sums of a day. `open` rows are of no closed day yet: of those all answers are judged, and
    `day` is the one that follows the last closed one."""
    movies = Codes()
    answers = sorted_names(read_answers(lines.served_before or (), lines.served, movies))
    found = outcomes(answers, lines.log_before or (), lines.log, movies, params, events)
    judged, pending = _due(answers, day, params, open)
    states, state = _states(answers)
    return DaySums(
        day,
        lines.served_before is not None,
        open,
        answers.names,
        _rows(answers, found, judged, state),
        states,
        _first(answers, judged | pending),
        np.bincount(answers.model[pending], minlength=len(answers.names["model"])),
        _met(answers, judged),
        **_movies(answers, found, judged, movies),
        requests=_requests(answers, found.requests, day),
        duplicates=answers.lines[1] - int((~answers.earlier).sum()),
    )


def _due(
    answers: Answers, day: str, params: Online, open: bool
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which answers are judged of this day, and which of the next one."""
    start = day_start(day_number(day))
    until = answers.time + params.window
    over = open | (until < start + DAY)
    return np.where(answers.earlier, until >= start, over), ~answers.earlier & ~over


def _states(answers: Answers) -> tuple[NDArray[np.int32], Ints]:
    """The states that there are, (n_states, n_arms), and the place of each answer's among them.
    Before an arm's first answer it counts as if that had been given."""
    order = np.argsort(answers.time, kind="stable")
    model, arm = answers.model[order], answers.arm[order]
    standing = np.full((len(order), len(answers.names["arm"])), -1, np.int32)
    for k in range(standing.shape[1]):
        own = np.flatnonzero(arm == k)
        if len(own):
            last = np.searchsorted(own, np.arange(len(order)), side="right") - 1
            standing[:, k] = model[own[np.maximum(last, 0)]]
    states, place = np.unique(standing, axis=0, return_inverse=True)
    state = np.empty(len(order), np.int64)
    state[order] = place
    return states, state


def _rows(
    answers: Answers, found: Outcomes, judged: NDArray[np.bool_], state: Ints
) -> dict[str, NDArray[Any]]:
    """The sums by key. A rating may be of an answer that was judged the day before."""
    kept = judged | (found.ratings > 0)
    columns = {name: getattr(answers, name) for name in ("user", "model", "arm", "tier")}
    columns |= {
        name: getattr(found, name) for name in ("ratings", "rating", "predicted", "squared")
    }
    once = {"answers": judged, "conversions": found.converted, "minutes": found.minutes}
    once["repeated"] = answers.repeated
    columns |= {name: np.where(judged, column, 0).astype(np.int64) for name, column in once.items()}
    return grouped(chosen({**columns, "state": state}, kept))


def _first(answers: Answers, counted: NDArray[np.bool_]) -> Ints:
    first = np.full(len(answers.names["model"]), NEVER)
    np.minimum.at(first, answers.model[counted], answers.time[counted])
    return first


def _met(answers: Answers, judged: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    users, first = np.unique(answers.user[judged], return_index=True)
    return users, answers.arm[judged][first].astype(np.int16)


def _movies(
    answers: Answers, found: Outcomes, judged: NDArray[np.bool_], movies: Codes
) -> dict[str, NDArray[Any]]:
    """Counts of movies, by their ids' order."""
    n, models = len(movies), len(answers.names["model"])

    def counts(answer: Ints, movie: Ints) -> Ints:
        own = judged[answer]
        cells = answers.model[answer[own]] * np.int64(n) + movie[own]
        return np.bincount(cells, minlength=models * n).reshape(models, n)

    listed = counts(answers.owner, answers.movie)
    started = counts(*found.started)
    watchers = np.where(found.watchers >= MIN_WATCHERS, found.watchers, 0)
    ids = np.array(movies.texts, np.bytes_)
    kept = np.flatnonzero((watchers > 0) | listed.any(axis=0) | started.any(axis=0))
    kept = kept[np.argsort(ids[kept])]
    return {
        "movies": ids[kept],
        "watchers": watchers[kept],
        "listed": listed[:, kept],
        "started": started[:, kept],
    }


def _requests(answers: Answers, requests: Requests, day: str) -> dict[str, int]:
    near = answers.time >= day_start(day_number(day)) - NEAR_MIDNIGHT
    counts = {name: getattr(requests, name) for name in REQUESTS}
    return counts | {UNATTRIBUTED: requests.unattributed(answers.list_key[~answers.earlier | near])}


def save_sums(folder: Path, sums: DaySums) -> None:
    """Write a day's sums, in place of what stood there: same sums, same bytes."""
    arrays = {**sums.rows, **{name: getattr(sums, name) for name in FILES}}
    arrays |= {"met_user": sums.met[0], "met_arm": sums.met[1]}
    told = {name: getattr(sums, name) for name in TOLD}
    write_folder(folder, arrays, {"format": FORMAT, **told})


def load_sums(folder: Path) -> DaySums:
    """A day's sums, verified. Raises BadInput where there are none, CorruptFile for others."""
    arrays, manifest = read_folder(folder)
    try:
        if manifest["format"] != FORMAT:
            raise ValueError(f"format {manifest['format']!r}, this code reads {FORMAT!r}")
        parts: dict[str, Any] = {name: arrays[name] for name in FILES}
        parts |= {name: manifest[name] for name in TOLD}
        parts["rows"] = {name: arrays[name] for name in KEYS | SUMS}
        return DaySums(met=(arrays["met_user"], arrays["met_arm"]), **parts)
    except (KeyError, ValueError) as error:
        raise CorruptFile(f"{folder}: no sums of a day ({error}); {RESTORE}") from None
