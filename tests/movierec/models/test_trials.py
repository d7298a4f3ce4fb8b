"""The log keeps every trial that ended, and is refused when it cannot be believed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import BadInput, CorruptFile
from movierec.models.judging import Judged
from movierec.models.trials import Trials
from tests.inputs.ratings import svd_params

SEARCH = {"model": "svd", "seed": 1, "data_hash": "hash"}
HYPER = [svd_params(n_factors=number + 1) for number in range(3)]
JUDGED = [Judged((0.5, 0.1 + 0.2, 1 / 3), (3, 4, 5)), Judged((0.75,), (2,)), Judged()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    log = Trials(tmp_path / "logs/svd.jsonl", SEARCH)
    for hyper, judged in zip(HYPER, JUDGED, strict=True):
        log.add(hyper, judged)
    return log.path


def known(log: Trials) -> list[Judged | None]:
    return [log.known(number, hyper) for number, hyper in enumerate(HYPER)]


def test_what_was_kept_is_read_to_the_last_digit(path: Path) -> None:
    log = Trials(path, SEARCH)
    assert len(log) == 3
    assert known(log) == JUDGED
    assert log.known(3, HYPER[0]) is None


def test_it_is_on_disk_when_add_returns(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    log = Trials(path, SEARCH)
    monkeypatch.setattr("os.fsync", lambda file: sizes.append(os.fstat(file).st_size))
    log.add(HYPER[0], JUDGED[0])
    assert path.read_bytes().count(b"\n") == 5
    assert sizes == [path.stat().st_size]


def test_a_line_that_a_killed_search_left_half_is_dropped(path: Path) -> None:
    content = path.read_bytes()
    ends = [n + 1 for n, byte in enumerate(content) if byte == ord("\n")]
    for cut in sorted({0, 1, *(end - k for end in ends for k in (0, 1, 2, 50))}):
        path.write_bytes(content[:cut])
        whole = max(0, sum(end <= cut for end in ends) - 1)
        log = Trials(path, SEARCH)
        assert known(log) == JUDGED[:whole] + [None] * (3 - whole)
        for hyper, judged in zip(HYPER[whole:], JUDGED[whole:], strict=True):
            log.add(hyper, judged)
        assert path.read_bytes() == content


@pytest.mark.parametrize("change", [{"seed": 2}, {"data_hash": "other"}, {"more": 1}])
def test_another_search_s_log_is_not_gone_on_with(path: Path, change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(BadInput, match=rf"svd\.jsonl: the log of another search \({name} differ"):
        Trials(path, SEARCH | change)
    assert known(Trials(path, SEARCH)) == JUDGED


@pytest.mark.parametrize(
    ("line", "text", "reason"),
    [
        (1, "{}", "not the head of a search's log"),
        (1, "[1]", "not the head"),
        (2, "{", "not JSON"),
        (2, "\x00", "not JSON"),
        (3, "[" * 100_000, "not JSON"),
        (3, "3", "not a trial"),
        (3, '{"errors": [], "epochs": []}', "not a trial"),
        (3, '{"errors": [1.0], "epochs": [], "hyper": {}}', "not a trial"),
        (3, '{"errors": [NaN], "epochs": [1], "hyper": {}}', "not a trial"),
        (3, '{"errors": ["a"], "epochs": [1], "hyper": {}}', "not a trial"),
        (3, '{"errors": [1.0], "epochs": [0], "hyper": {}}', "not a trial"),
        (4, '{"errors": [1.0], "epochs": [true], "hyper": {}}', "not a trial"),
        (4, '{"errors": [1.0, 1.0, 1.0, 1.0], "epochs": [1, 1, 1, 1], "hyper": {}}', "not a"),
    ],
)
def test_a_damaged_log_is_named_with_its_line(
    path: Path, line: int, text: str, reason: str
) -> None:
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(CorruptFile, match=rf"svd\.jsonl: line {line}: {reason}.*remove it$"):
        Trials(path, SEARCH)


def test_bytes_that_are_no_text_are_named(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"errors"', b'"\xff\xfe"', 1))
    with pytest.raises(CorruptFile, match="line 2: not JSON"):
        Trials(path, SEARCH)


def test_settings_that_the_search_would_not_try_are_damage(path: Path) -> None:
    lines = path.read_text().splitlines()
    trial = json.loads(lines[2])
    trial["hyper"]["lr_bu"] *= 2
    lines[2] = json.dumps(trial)
    path.write_text("\n".join(lines) + "\n")
    log = Trials(path, SEARCH)
    assert log.known(0, HYPER[0]) == JUDGED[0]
    with pytest.raises(CorruptFile, match="line 3: this search tries other settings there"):
        log.known(1, HYPER[1])
