"""What a replay plays reaches the program that sends it; what that says reaches people."""

import argparse
from pathlib import Path

import pytest

from infra.demo import sources
from infra.demo.report import Step
from infra.processes import Processes
from infra.simulator import capture, replay
from movierec.errors import BadInput, Unavailable


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    sources.add_source_options(parser)
    return argparse.Namespace(**vars(parser.parse_args(arguments)), scale=[0.5, 10.0])


def command_of(options):
    return sources._command(options, "t", Path("ids"))


def test_every_option_of_a_table_is_passed_on():
    options = parsed("--ratings", "x.csv", "--user", "who", "--zeros", "implicit", "--days", "4")
    program, *arguments = command_of(options)[2:]
    assert program == "infra.simulator.replay"
    passed = replay.parse(arguments)
    assert (passed.user, passed.zeros, passed.compress_days) == ("who", "implicit", 4)
    assert (passed.scale, passed.ids) == ([0.5, 10.0], Path("ids"))
    assert passed.ratings == Path("x.csv").resolve()
    assert sources.evidence_of(options) == {"COLLECTOR_EVIDENCE_LINES": "1"}


def test_without_a_scale_none_is_passed_on():
    options = parsed("--ratings", "x.csv")
    options.scale = None
    assert replay.parse(command_of(options)[3:]).scale is None


def test_a_log_is_another_program_s_and_its_clocks_are_many():
    options = parsed("--log", "a.log.gz", "--all-days")
    program, *arguments = command_of(options)[2:]
    assert program == "infra.simulator.capture"
    passed = capture.parse(arguments)
    assert passed.all_days and passed.create_topic and passed.log == Path("a.log.gz").resolve()
    assert not capture.parse(command_of(parsed("--log", "a"))[3:]).all_days
    assert sources.evidence_of(options) == {}


@pytest.mark.parametrize("arguments", [[], ["--log", "a", "--ratings", "b"]])
def test_one_source_must_be_named(arguments, capsys):
    with pytest.raises(SystemExit):
        parsed(*arguments)


@pytest.fixture
def sent(tmp_path, monkeypatch):
    """`send` with a program in place of the simulator's."""

    def run(program):
        monkeypatch.setattr(sources, "_command", lambda *_: ["python", "-c", program])
        with Processes(Path.cwd(), tmp_path / "logs") as processes:
            current = Step(1, "replay")
            summary = sources.send(parsed("--log", "a"), "t", Path("ids"), processes, current)
            return current.note, summary

    return run


def test_what_was_recognised_is_said_and_counts_are_the_note(sent, capsys):
    program = """print('lines 5\\n{"lines": 1200, "ratings": 7}')"""
    assert sent(program) == ("1,200 lines, 7 ratings", {"lines": 1200, "ratings": 7})
    assert capsys.readouterr().out.strip() == "lines 5"


def test_a_refusal_is_the_program_s_own(sent):
    with pytest.raises(BadInput, match=r"^a\.csv: line 2: no$"):
        sent("import sys; sys.exit(print('error: a.csv: line 2: no') or 2)")
    with pytest.raises(Unavailable, match="ended with status 3: dead"):
        sent("import sys; sys.exit(print('dead') or 3)")
