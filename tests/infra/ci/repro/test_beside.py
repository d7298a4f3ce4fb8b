"""What waits for what, and what is printed, with commands in DVC's place."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.ci.repro import beside
from infra.ci.repro.beside import Ended, run_beside
from tests.infra.ci.processes import lives

DUE = {"a": set[str](), "b": set[str](), "c": {"a"}, "d": {"b", "c"}}


@pytest.fixture
def does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Has each stage run a piece of shell, which knows its name as $0, in a folder of its own."""

    def use(shell: str) -> Path:
        noted = f"cd {tmp_path}; echo begin $0 >> order\n{shell}\necho end $0 >> order"
        monkeypatch.setattr(beside, "COMMAND", ("sh", "-c", noted))
        return tmp_path / "order"

    return use


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_each_comes_after_those_that_it_names(does: Callable[[str], Path], at_once: int) -> None:
    order = does("sleep 0.05")  # for one too many to be seen
    assert run_beside(DUE, at_once) == Ended()
    lines = order.read_text().splitlines()
    for name, before in DUE.items():
        assert all(lines.index(f"end {o}") < lines.index(f"begin {name}") for o in before)
    running = most = 0
    for line in lines:
        running += 1 if line.startswith("begin") else -1
        most = max(most, running)
    assert most <= at_once
    assert len(lines) == 2 * len(DUE)


def test_nothing_that_is_due_is_nothing_to_do() -> None:
    assert run_beside({}, 2) == Ended()


def test_after_one_that_fails_none_is_begun_and_those_that_run_end(
    does: Callable[[str], Path],
) -> None:
    meet = "while ! grep -qs 'begin a' order || ! grep -qs 'begin b' order; do sleep 0.01; done"
    fail = "[ $0 != a ] || { echo $$ > failed; exit 7; }"
    # Whoever has not been waited for is there: b ends when it is known that a failed.
    outlive = (
        "until [ -s failed ]; do sleep 0.01; done; while kill -0 $(cat failed); do sleep 0.01; done"
    )
    order = does(f"{meet}; {fail}; {outlive} 2>/dev/null")
    assert run_beside(DUE | {"e": set()}, 2) == Ended(7, "a", ["c", "d", "e"])
    assert sorted(order.read_text().splitlines()) == ["begin a", "begin b", "end b"]


def test_lines_of_two_are_never_mixed_and_hints_are_left_out(
    does: Callable[[str], Path], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    half = "printf 'first half of %s, ' $0; touch half.$0; until [ -e half.x ] && [ -e half.yy ]"
    does(
        f"{half}; do sleep 0.01; done; echo second half; echo; echo 'git add dvc.lock'; printf end"
    )
    assert run_beside({"x": set(), "yy": set()}, 2) == Ended()
    assert sorted(capfdbinary.readouterr().out.decode().splitlines()) == [
        *("x  | end", "x  | first half of x, second half"),
        *("yy | end", "yy | first half of yy, second half"),
    ]


def test_an_interrupt_ends_what_runs_and_its_children(
    does: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    does("sleep 1000 & echo $! > pid.new; mv pid.new pid; echo here; wait")

    def interrupted(stage: beside.Running) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(beside.Running, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_beside({"a": set()}, 1)
    pid = (tmp_path / "pid").read_text().strip()
    while lives(pid):  # it was killed, and dies when the kernel comes to it
        time.sleep(0.01)


def test_the_command_is_dvcs_which_waits_for_the_others() -> None:
    """Else it gives up after three seconds, while another hashes."""
    assert beside.COMMAND[:4] == (sys.executable, "-m", "dvc", "--wait-for-lock")
