"""A day's sums: which answers are its own, what stands in the file, and days that add up."""

import random
from collections import Counter

import numpy as np
import pytest

from movierec.errors import BadInput, CorruptFile
from movierec.evaluation.online.daysums import Lines, load_sums, save_sums, sums_of
from movierec.evaluation.online.together import together
from movierec.times import MINUTE, day_name
from tests.movierec.evaluation.online.plainly import SUMS, Plainly
from tests.movierec.evaluation.online.rows import (
    FIRST,
    PARAMS,
    SCALE,
    SECOND,
    rating,
    request,
    rows,
    served,
    summed,
    watch,
)

NOON, MIDNIGHT = 720, 1440


def invented(rng):
    """Days → rows: three days of five users and six movies, some lines of a day in the next."""
    files = {day: [] for day in range(3)}
    for n in range(rng.randrange(10, 70)):
        # Around midnight, so that much lies across it; no two answers to a user at once.
        minute = rng.choice([NOON, MIDNIGHT, 2 * MIDNIGHT, 2.5 * MIDNIGHT]) + rng.randrange(-45, 45)
        minute, user = minute + n / 1000, rng.randrange(5)
        row = _line(rng, minute, user, f"r{n}")
        day = min(int(minute // MIDNIGHT) + (rng.random() < 0.1), 2)
        files[day] += [row] * rng.choice([1, 1, 1, 2])
    return files


def _line(rng, minute, user, name):
    movie = rng.choice("abcdef")
    match rng.randrange(5):
        case 0 | 1:
            ids, model = rng.sample("abcdef", 3), rng.choice(["svd@v1", "svd@v2", "svdpp@v1"])
            predicted = [round(rng.uniform(1, 5), 2) for _ in ids] if rng.random() < 0.7 else None
            tier = rng.choice(["model", "popular"])
            arm = model.split("@")[0]
            return served(minute, user, ids, name, model, tier, arm, predicted)
        case 2 | 3:
            return watch(minute, user, movie, of=rng.randrange(4))
    return rating(minute, user, movie, rng.choice([1, 2.5, 4, 4.75, 5, 9]))


def judged(files):
    """The sums of each day."""
    found = []
    for day, own in files.items():
        eve = files.get(day - 1)
        found.append(summed(*own, day=day_name(day), before=eve if eve else None))
    return found


def test_days_add_up_to_what_a_plain_loop_over_all_of_them_counts():
    for seed in range(25):
        rng = random.Random(seed)
        files = invented(rng)
        days = judged(files)
        rng.shuffle(days)
        whole = together(days)
        plain = Plainly(files, PARAMS.window, (SCALE.rating_min, SCALE.rating_max))
        assert _sums(whole) == {key: dict(sums) for key, sums in _full(plain).items()}, seed
        for what in ("listed", "started"):
            assert _counts(whole, getattr(whole, what)) == +getattr(plain, what), (seed, what)
        watchers = dict(
            zip(whole.movies.astype(str).tolist(), whole.watchers.tolist(), strict=True)
        )
        assert +Counter(watchers) == +plain.watchers, seed
        assert sum(int(one.pending.sum()) for one in days) == plain.pending.total(), seed


def _full(plain):
    return {
        key: {name: sums[name] for name in SUMS}
        for key, sums in plain.sums.items()
        if any(sums.values())
    }


def _sums(whole):
    """(user, model, tier) → the sums."""
    found = {}
    for n, user in enumerate(whole.rows["user"].tolist()):
        model, tier = (whole.names[k][whole.rows[k][n]] for k in ("model", "tier"))
        sums = found.setdefault((user, model, tier), dict.fromkeys(SUMS, 0))
        for name in SUMS:
            sums[name] += int(whole.rows[name][n])
    return found


def _counts(whole, table):
    return Counter(
        {
            (model, whole.movies[i].decode()): int(table[k, i])
            for k, model in enumerate(whole.names["model"])
            for i in range(len(whole.movies))
            if table[k, i]
        }
    )


def test_the_same_lines_in_any_order_and_portions_are_the_same_bytes(tmp_path):
    rng = random.Random(3)
    files = invented(rng)
    own, eve = files[1], files[0]
    for number in range(4):
        for file in (own, eve):
            rng.shuffle(file)
        told, before = (rows(*file).to_batches(max_chunksize=1 + 5 * number) for file in (own, eve))
        lines = Lines(told, told, before, before)
        save_sums(tmp_path / str(number), sums_of(SECOND, lines, PARAMS, SCALE))
    folders = [{f.name: f.read_bytes() for f in (tmp_path / str(n)).iterdir()} for n in range(4)]
    assert len(folders[0]) > 10
    assert folders[1:] == folders[:1] * 3


def test_what_was_written_is_read_and_what_was_changed_is_refused(tmp_path):
    sums = summed(served(NOON, 1, ["a"], "r"), watch(NOON + 1, 1, "a"), rating(800, 1, "a", 4))
    folder = tmp_path / FIRST
    save_sums(folder, sums)
    found = load_sums(folder)
    assert (found.day, found.names, found.requests) == (sums.day, sums.names, sums.requests)
    assert {name: column.tolist() for name, column in found.rows.items()} == {
        name: column.tolist() for name, column in sums.rows.items()
    }
    assert found.movies.tolist() == [b"a"] and found.met[0].tolist() == [1]
    path = folder / "minutes.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(CorruptFile, match=r"minutes.npy: SHA-256 differs"):
        load_sums(folder)
    with pytest.raises(BadInput, match="no such folder"):
        load_sums(tmp_path / SECOND)


def test_arrays_of_something_else_are_no_sums(tmp_path, monkeypatch):
    monkeypatch.setattr("movierec.evaluation.online.daysums.FORMAT", "movierec-online/9")
    save_sums(tmp_path / FIRST, summed(served(NOON, 1, ["a"], "r")))
    monkeypatch.undo()
    with pytest.raises(CorruptFile, match="format 'movierec-online/9', this code reads"):
        load_sums(tmp_path / FIRST)


def own(sums):
    """model → its answers, and those that the next day judges."""
    n = len(sums.names["model"])
    answers = np.bincount(sums.rows["model"], sums.rows["answers"], n).astype(int)
    counts = zip(answers.tolist(), sums.pending.tolist(), strict=True)
    return dict(zip(sums.names["model"], counts, strict=True))


def test_an_answer_is_of_the_day_in_which_its_time_ends():
    late = [served(MIDNIGHT - 30, 1, ["a"], "its end is midnight", model="svd@v2")]
    late += [served(MIDNIGHT - 30.001, 1, ["a"], "over", model="svd@v1")]
    assert own(summed(*late)) == {"svd@v1": (1, 0), "svd@v2": (0, 1)}
    assert own(summed(served(MIDNIGHT, 2, ["a"], "r"), day=SECOND, before=late)) == {
        "svd@v1": (1, 0),
        "svd@v2": (1, 0),
    }
    assert own(summed(*late, open=True)) == {"svd@v1": (1, 0), "svd@v2": (1, 0)}


def test_a_line_that_came_after_its_day_was_closed_is_judged_with_the_next():
    found = summed(served(NOON, 1, ["a"], "r"), day=SECOND, before=[watch(NOON + 1, 1, "a")])
    assert own(found) == {"svd@v1": (1, 0)}
    assert found.rows["conversions"].tolist() == [1]


def test_a_line_that_was_logged_twice_counts_once_and_an_id_that_is_repeated_swallows_none():
    line = served(NOON, 1, ["a"], "page-7")
    others = [served(NOON, 2, ["a"], "page-7"), served(NOON + 1, 1, ["b"], "page-7")]
    others += [served(NOON, 1, ["a"], "page-7", model="svdpp@v1")]
    found = summed(line, *others, line, line)
    assert (found.rows["answers"].sum(), found.duplicates) == (4, 2)
    assert summed(line, day=SECOND, before=[line]).duplicates == 1


def test_lists_that_a_user_got_and_nobody_logged_are_counted_also_across_midnight():
    ask = "h:1, status 200, result: a, b, 9 ms"
    lines = [request(ask, user=u, minute=MIDNIGHT) for u in (1, 2, 3)]
    eve = [served(MIDNIGHT - 0.01, 1, ["a", "b"], "r"), served(MIDNIGHT - 2, 2, ["a", "b"], "s")]
    found = summed(*lines, served(MIDNIGHT + 1, 3, ["b", "a"], "t"), day=SECOND, before=eve)
    assert found.requests["unattributed"] == 2


def test_the_state_of_an_answer_is_what_both_arms_answered_last():
    found = summed(
        served(1, 1, ["a"], "r"),
        served(2, 2, ["a"], "s", model="svdpp@v1", arm="svdpp"),
        served(3, 3, ["a"], "t", model="svd@v2"),
        served(4, 4, ["a"], "u", model="svdpp@v1", arm="svdpp"),
    )
    names = np.array(found.names["model"])
    states = names[found.states[found.rows["state"]]].tolist()
    assert found.names["arm"] == ["svd", "svdpp"]
    assert states == [["svd@v1", "svdpp@v1"]] * 2 + [["svd@v2", "svdpp@v1"]] * 2


def test_the_first_arm_that_a_user_met_is_that_of_the_earliest_answer():
    found = summed(
        served(3, 1, ["a"], "r"), served(2, 1, ["a"], "s", model="svdpp@v1", arm="svdpp")
    )
    assert [found.names["arm"][k] for k in found.met[1]] == ["svdpp"]
    assert found.first.tolist() == [3 * MINUTE, 2 * MINUTE]


def test_a_day_without_lines_is_a_day_all_the_same(tmp_path):
    save_sums(tmp_path / FIRST, summed())
    found = load_sums(tmp_path / FIRST)
    assert (len(found.rows["user"]), found.requests["lines"], found.duplicates) == (0, 0, 0)
    assert together([found]).days == [FIRST]
