"""What is said of a table on a command line, and said again to another program."""

import argparse

import pytest

from infra.simulator.table.options import Wanted, add_table_options, as_arguments, wanted_of
from infra.simulator.table.values import Zeros


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_table_options(parser)
    return parser.parse_args(arguments)


@pytest.mark.parametrize(
    "arguments, wanted",
    [
        ([], Wanted()),
        (["--separator", "tab", "--header", "no"], Wanted("\t", False)),
        (["--user", "who", "--time=none"], Wanted(columns={"user": "who", "time": "none"})),
        (["--zeros", "implicit", "--separator=||"], Wanted("||", zeros=Zeros.IMPLICIT)),
    ],
)
def test_options_reach_the_reader_from_either_program(arguments, wanted):
    assert wanted_of(parsed(*arguments)) == wanted
    assert wanted_of(parsed(*as_arguments(parsed(*arguments)))) == wanted
