"""The gate's verdict as JUnit cases, for Jenkins to show and to stop at.

    python -m infra.ci.verdict --gate reports/gate.json --output .cache/ci/gate.xml

The case "a release" fails when every model is refused, with the reasons: a build that publishes it
is unstable, and what comes after is skipped. A model that is refused alone is a skipped case.
"""

import argparse
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from movierec.cli import run
from movierec.files import read_json, write_text


def main(arguments: list[str]) -> int:
    """Write the cases; prints who may be released."""
    parser = argparse.ArgumentParser(prog="verdict", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--gate", type=Path, required=True, help="the report of stages/gate.py")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    judged = read_json(options.gate, "run `dvc repro gate`")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write_text(options.output, tostring(suite(judged), encoding="unicode"))
    for kind, said in judged.items():
        print(f"{kind}: {'may be released' if said['pass'] else why(said)}")
    return 0


def suite(judged: dict[str, Any]) -> Element:
    """The cases of what the gate said of each model."""
    refused = {kind: why(said) for kind, said in judged.items() if not said["pass"]}
    nothing = len(refused) == len(judged)
    counts = {"tests": len(judged) + 1, "failures": int(nothing), "skipped": len(refused)}
    element = Element("testsuite", {"name": "gate"} | {k: str(n) for k, n in counts.items()})
    release = SubElement(element, "testcase", classname="gate", name="a release")
    if nothing:
        reasons = "\n".join(f"{kind}: {reason}" for kind, reason in refused.items())
        SubElement(release, "failure", message="every model is refused").text = reasons
    for kind in judged:
        case = SubElement(element, "testcase", classname="gate", name=kind)
        if kind in refused:
            SubElement(case, "skipped", message=refused[kind])
    return element


def why(said: dict[str, Any]) -> str:
    """Why a model is refused, in a line."""
    return f"refused: {'; '.join(said['reasons'])}"


if __name__ == "__main__":
    run(main)
