"""The cases as JUnit XML, a suite a model, as Jenkins reads it (junit-10.xsd of xunit-plugin)."""

from collections.abc import Mapping, Sequence
from itertools import chain
from xml.etree import ElementTree

from infra.ci.evaluation.cases import Case

PACKAGE = "offline_evaluation"


def junit(suites: Mapping[str, Sequence[Case]]) -> str:
    """The document of the suites, by their names. The same cases make the same bytes: no time is
    told, as nothing was run here."""
    root = ElementTree.Element(
        "testsuites", {"name": PACKAGE, **_counts([*chain(*suites.values())])}
    )
    for name, cases in suites.items():
        skipped = str(sum(case.value is None and not case.reasons for case in cases))
        about = {"name": name, "skipped": skipped, "time": "0", **_counts(cases)}
        suite = ElementTree.SubElement(root, "testsuite", about)
        for case in cases:
            _case(suite, f"{PACKAGE}.{name}", case)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failures = sum(bool(case.reasons) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0"}


def _case(suite: ElementTree.Element, name: str, case: Case) -> None:
    element = ElementTree.SubElement(suite, "testcase", classname=name, name=case.name, time="0")
    said = f"{case.name}: {case.value or 'not measured'}"
    said += f"; limit: {case.limit}" if case.limit else ""
    if case.reasons:
        message = "; ".join(case.reasons)
        failure = ElementTree.SubElement(element, "failure", type="gate", message=message)
        failure.text = "\n".join([said, *case.reasons])
    elif case.value is None:
        ElementTree.SubElement(element, "skipped", message="not measured")
    ElementTree.SubElement(element, "system-out").text = said
