"""What may be said of a table of ratings on a command line; the rest is told by its first lines."""

import argparse
from collections.abc import Mapping
from typing import NamedTuple

from infra.simulator.table.columns import NO_TIME, ROLES
from infra.simulator.table.dialect import separator_of
from infra.simulator.table.values import Zeros

NAMES = ("separator", "header", *ROLES, "zeros")


class Wanted(NamedTuple):
    """What was said."""

    separator: str | None = None
    header: bool | None = None
    columns: Mapping[str, str] = {}
    """Name or number (from 1) of a column, by role: user, movie, rating, time."""
    zeros: Zeros = Zeros.RATING


def add_table_options(parser: argparse.ArgumentParser) -> None:
    """The options of a table."""
    table = parser.add_argument_group("table", "how it is written, where that cannot be told")
    for role in ROLES:
        more = f"; {NO_TIME}: the order in the file" if role == "time" else ""
        help = f"its column: a name in the header, or a number from 1{more}"
        table.add_argument(f"--{role}", metavar="COLUMN", help=help)
    table.add_argument("--separator", help="tab, comma, semicolon, pipe, space, or the characters")
    table.add_argument("--header", choices=("yes", "no"), help="whether the first line is one")
    table.add_argument(
        "--zeros",
        choices=[str(choice) for choice in Zeros],
        default=str(Zeros.RATING),
        help="what a rating of 0 is; implicit: watched and not rated, as is -1 (default: rating)",
    )


def wanted_of(options: argparse.Namespace) -> Wanted:
    """What the options say. Raises BadInput for what cannot separate."""
    given = {role: getattr(options, role) for role in ROLES}
    return Wanted(
        separator_of(options.separator) if options.separator is not None else None,
        None if options.header is None else options.header == "yes",
        {role: text for role, text in given.items() if text is not None},
        Zeros(options.zeros),
    )


def as_arguments(options: argparse.Namespace) -> list[str]:
    """The same options for another program."""
    given = {name: getattr(options, name) for name in NAMES}
    return [f"--{name}={value}" for name, value in given.items() if value is not None]
