"""Whose turn it is."""

from unittest import mock

import pytest

from serve.http.turns import Turns, Waiter


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    clock = mock.Mock(return_value=0.0)
    monkeypatch.setattr("time.monotonic", clock)
    return clock


def test_the_longest_is_who_began_first_whatever_its_time(clock: mock.Mock) -> None:
    line, a, b = Turns[Waiter](), Waiter(), Waiter()
    assert line.longest() is None
    line.wait(a, 30.0)
    clock.return_value = 1.0
    line.wait(b, 10.0)
    assert line.longest() is a
    clock.return_value = 2.0
    line.wait(a, 10.0)  # anew
    assert line.longest() is b
    assert list(line) == [b, a]
    line.leave(b)
    line.leave(b)
    assert line.longest() is a and list(line) == [a]


def test_late_are_those_whose_own_time_is_up(clock: mock.Mock) -> None:
    line, short, long = Turns[Waiter](), Waiter(), Waiter()
    line.wait(long, 30.0)
    line.wait(short, 10.0)
    clock.return_value = 10.0
    assert line.late() == []
    clock.return_value = 10.5
    assert line.late() == [short]
    clock.return_value = 30.5
    assert set(line.late()) == {short, long}
