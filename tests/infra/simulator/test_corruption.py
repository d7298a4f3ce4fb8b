"""What corruption does to a line, and to how many."""

import pytest

from infra.simulator.corruption import corrupt
from infra.simulator.exact import stream
from movierec.lines.events import parse


def test_corruption_says_which_lines_it_changed():
    clean = [b"2025-11-01T10:00,%d,GET /data/m/a+1999/3.mpg" % k for k in range(20_000)]
    lines = list(clean)
    changed = corrupt(stream(1), lines)
    assert [a != b for a, b in zip(clean, lines, strict=True)] == changed.tolist()
    assert changed.sum() == pytest.approx(20, abs=12)


def test_a_line_is_changed_in_one_place_or_has_another_movie(monkeypatch):
    monkeypatch.setattr("infra.simulator.corruption.SHARE", 1.0)
    for clean in (
        b"2025-11-01T10:00,7,GET /data/m/a+1999/3.mpg",
        b"2025-11-01T10:00,7,GET /rate/a=4",
    ):
        lines = [clean] * 600
        assert corrupt(stream(1), lines).all()
        longer = [line for line in lines if len(line) == len(clean) + 1]
        others = [line for line in lines if len(line) == len(clean)]
        assert len(longer) + len(others) == 600
        assert len(others) == pytest.approx(200, abs=60)
        for line in longer:
            assert any(line[:at] + line[at + 1 :] == clean for at in range(len(line)))
        for line in others:
            changed, original = parse(line), parse(clean)
            assert changed.movie.isalpha() and len(changed.movie) == len(original.movie)


def test_a_line_without_a_movie_only_grows(monkeypatch):
    monkeypatch.setattr("infra.simulator.corruption.SHARE", 1.0)
    clean = b"2025-11-01T10:00,7,GET /create_account"
    lines = [clean] * 100
    corrupt(stream(1), lines)
    assert {len(line) for line in lines} == {len(clean) + 1}
