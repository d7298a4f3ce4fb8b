"""Rules with one number in them changed, or one comparison turned round.

A threshold grows and shrinks by a quarter, a window, an `offset` and a `for` by a half: by no more
than what somebody would change them by, so that the tests must hold each where it is. An alert that
fires always is left alone: by vector(2) it fires as by vector(1), and nothing tells them apart.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Rule = Mapping[str, Any]
"""As it stands in alerts.yml."""

NUMBER, TIME = 1.25, 1.5
TURNED = {">": "<", "<": ">", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
TOKEN = re.compile(
    r"""
    le="(?P<bound>[0-9.]+)"                     # a bucket's bound is a threshold
    | "[^"]*"
    | (?P<time>\b[0-9]+[smhd]\b)
    | (?<![\w:.])(?P<number>[0-9]+(?:\.[0-9]+)?)(?![\w:.])
    | (?P<turn>[<>]=?|[!=]=)
    | \{[^}]*?=~?(?=")                          # label matchers compare names
    """,
    re.VERBOSE,
)

ALWAYS = re.compile(r"vector\([0-9.]+\)")
"""The whole of an alert that fires whatever is."""


class Mutant(NamedTuple):
    """A rule that is not as it should be."""

    change: str
    rule: Rule


def mutants(rule: Rule) -> Iterator[Mutant]:
    """All of a rule's."""
    expression = str(rule["expr"])
    always = "alert" in rule and ALWAYS.fullmatch(expression.strip())
    for found in () if always else TOKEN.finditer(expression):
        kind = found.lastgroup
        if kind is None:
            continue
        start, end = found.span(kind)
        for other in others(kind, found[kind]):
            mutated = f"{expression[:start]}{other}{expression[end:]}"
            change = f"{around(expression, start, end)} → {other}"
            yield Mutant(change, {**rule, "expr": mutated})
    for other in others("time", rule["for"]) if "for" in rule else ():
        yield Mutant(f"for: {rule['for']} → {other}", {**rule, "for": other})


def others(kind: str, text: str) -> list[str]:
    """What stands in a place instead of `text`.

    >>> others("time", "5m"), others("number", "0.02"), others("number", "0"), others("turn", ">")
    (['450s', '200s'], ['0.025', '0.016'], ['1'], ['<'])
    """
    if kind == "turn":
        return [TURNED[text]]
    if kind == "time":
        seconds = int(text[:-1]) * UNITS[text[-1]]
        return [f"{round(seconds * TIME)}s", f"{round(seconds / TIME)}s"]
    value = float(text)
    return [f"{value * NUMBER:.10g}", f"{value / NUMBER:.10g}"] if value else ["1"]


def around(expression: str, start: int, end: int) -> str:
    """A place in an expression, in one line."""
    shown = expression[max(0, start - 24) : end + 8]
    return " ".join(shown.split())
