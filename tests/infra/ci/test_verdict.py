"""What Jenkins shows of the gate's verdict, and whether it goes on."""

import json
from pathlib import Path
from xml.etree.ElementTree import Element, parse

import pytest

from infra.ci.verdict import main


def cases(folder: Path, **judged: list[str]) -> dict[str | None, Element]:
    """name → case, of models and the reasons against them."""
    gate, output = folder / "gate.json", folder / "new/gate.xml"
    said = {kind: {"pass": not reasons, "reasons": reasons} for kind, reasons in judged.items()}
    gate.write_text(json.dumps(said))
    assert main(["--gate", str(gate), "--output", str(output)]) == 0
    suite = parse(output).getroot()
    found = suite.findall("testcase")
    assert suite.get("tests") == str(len(found))
    assert suite.get("failures") == str(sum(case.find("failure") is not None for case in found))
    assert suite.get("skipped") == str(sum(case.find("skipped") is not None for case in found))
    return {case.get("name"): case for case in found}


def test_both_pass(tmp_path: Path) -> None:
    found = cases(tmp_path, svd=[], svdpp=[])
    assert list(found) == ["a release", "svd", "svdpp"]
    assert not any(list(case) for case in found.values())


def test_one_that_is_refused_does_not_stop_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cases(tmp_path, svd=[], svdpp=["worse than <v1.0.0>", "few users"])
    assert [child.tag for case in found.values() for child in case] == ["skipped"]
    [said] = found["svdpp"]
    assert said.get("message") == "refused: worse than <v1.0.0>; few users"
    assert "svd: may be released\nsvdpp: refused: worse" in capsys.readouterr().out


def test_when_both_are_refused_a_case_fails_and_says_why(tmp_path: Path) -> None:
    found = cases(tmp_path, svd=["bad RMSE"], svdpp=["few users"])
    [failure] = found["a release"]
    assert failure.tag == "failure"
    assert failure.text == "svd: refused: bad RMSE\nsvdpp: refused: few users"
