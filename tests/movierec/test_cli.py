"""How a program ends: its status, and one line for a mistake of the user."""

import io
import os
import subprocess
import sys

import pytest

from movierec.cli import run
from movierec.errors import BadInput


def ends(main) -> int:
    with pytest.raises(SystemExit) as ended:
        run(main)
    return int(ended.value.code or 0)


def test_the_status_is_what_main_returns():
    assert ends(lambda arguments: 3) == 3


def test_main_gets_the_arguments_without_the_program(monkeypatch):
    monkeypatch.setattr("sys.argv", ["program", "a", "b"])

    def main(arguments: list[str]) -> int:
        assert arguments == ["a", "b"]
        return 7

    assert ends(main) == 7


def test_a_mistake_of_the_user_is_one_line(capsys):
    def main(arguments: list[str]) -> int:
        raise BadInput("days/2026-11-01:\n  no such day")

    assert ends(main) == 2
    assert capsys.readouterr().err == "error: days/2026-11-01: no such day\n"


def test_ctrl_c_ends_as_a_shell_reports_it():
    def main(arguments: list[str]) -> int:
        raise KeyboardInterrupt

    assert ends(main) == 130


def test_a_defect_keeps_its_traceback():
    def main(arguments: list[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)


WRITER = """
import sys
from movierec.cli import run

def main(arguments):
    for number in range(int(arguments[0])):
        print("a line of output")
    return 0

run(main)
"""


@pytest.mark.parametrize("lines", [3, 100_000], ids=["at the end", "in the middle"])
def test_a_reader_that_goes_away_ends_it_quietly(lines: int) -> None:
    """As `… | head` does, before anything is written or after some of it."""
    reading, writing = os.pipe()
    os.close(reading)
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", WRITER, str(lines)]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=buffered)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_connection_that_breaks_keeps_its_traceback() -> None:
    def main(arguments: list[str]) -> int:
        raise BrokenPipeError("of a socket")

    with pytest.raises(BrokenPipeError, match="of a socket"):
        run(main)


def test_so_it_does_where_the_output_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", io.StringIO())
    test_a_connection_that_breaks_keeps_its_traceback()
