"""The rules of alerts.yml, and promtool's tests of each of them alone."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.prometheus.mutants import Rule
from movierec.errors import BadInput, Unavailable

NAME = re.compile(r"[\w:]+")


class Suite:
    """All rules, in their order, and the folder of their tests."""

    def __init__(self, rules: Path, tests: Path) -> None:
        groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
        self.rules: list[Rule] = [rule for group in groups for rule in group["rules"]]
        self._files = [yaml.safe_load(path.read_text()) for path in sorted(tests.glob("*.yml"))]
        every = [given(test) for file in self._files for test in file["tests"]]
        self._given = set().union(*every)

    def passes(self, number: int, instead: Rule | None = None) -> bool:
        """Whether the tests of a rule pass with another one in its place, or as it is.

        Raises BadInput when nothing tests it. A rule that promtool does not take fails: check it.
        """
        name = name_of(self.rules[number])
        rules = [
            instead if instead is not None and at == number else rule
            for at, rule in enumerate(self.rules)
            if name_of(rule) == name
        ]
        with tempfile.TemporaryDirectory(prefix="movierec-alerts-") as folder:
            _write(Path(folder, "rules.yml"), grouped(rules))
            files = [
                _write(Path(folder, f"{at}_test.yml"), {**file, "rule_files": ["rules.yml"]})
                for at, file in enumerate(self._tests(name, rules))
            ]
            if not files:
                raise BadInput(f"{name}: nothing tests it by what it reads")
            return _promtool("test", "rules", *files).returncode == 0

    def _tests(self, name: str, rules: list[Rule]) -> Iterator[dict[str, Any]]:
        """The files of tests, each with what is asked of a name in it where what its rules read is
        given: a test of all rules together gives what others make it of."""
        reads = {found for rule in rules for found in NAME.findall(str(rule["expr"]))}
        reads &= self._given  # of a rule that reads nothing every test is fit
        for file in self._files:
            tests = [
                asked
                for test in file["tests"]
                if (reads & given(test) or not reads) and (asked := asked_of(test, name))
            ]
            if tests:
                yield {**file, "tests": tests}


def check(rules: Iterable[Rule]) -> None:
    """Raises BadInput, with promtool's words, when one of them is no rule to it."""
    with tempfile.TemporaryDirectory(prefix="movierec-alerts-") as folder:
        done = _promtool("check", "rules", _write(Path(folder, "rules.yml"), grouped(rules)))
    if done.returncode:
        raise BadInput(f"promtool check rules: {done.stdout}{done.stderr}")


def grouped(rules: Iterable[Rule]) -> dict[str, Any]:
    """Rules as a file of them has them."""
    return {"groups": [{"name": "rules", "rules": [dict(rule) for rule in rules]}]}


def given(test: Mapping[str, Any]) -> set[str]:
    """The names of a test's series."""
    return {NAME.findall(series["series"])[0] for series in test["input_series"]}


def asked_of(test: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """A test with what it asks of an alert or a series of this name, if it does."""
    alerts = [case for case in test.get("alert_rule_test", []) if case["alertname"] == name]
    told = test.get("promql_expr_test", [])
    series = [case for case in told if name in NAME.findall(case["expr"])]
    if not alerts and not series:
        return None
    return {**test, "alert_rule_test": alerts, "promql_expr_test": series}


def name_of(rule: Rule) -> str:
    """Of an alert, or of a recorded series."""
    return str(rule.get("alert") or rule["record"])


def _write(path: Path, document: Any) -> str:
    path.write_text(json.dumps(document), encoding="utf-8")  # which is YAML, and soon written
    return str(path)


def _promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """What promtool says, and whether it is content."""
    try:
        return subprocess.run(["promtool", *arguments], capture_output=True, text=True)
    except FileNotFoundError:
        raise Unavailable("there is no promtool: infra/ci/debian.sh installs it") from None
