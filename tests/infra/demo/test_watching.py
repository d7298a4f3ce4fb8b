"""The demo of monitoring in a minute: what it shows, and that nothing of it is left."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo import monitoring
from infra.demo.history import SEED
from movierec.errors import BadInput
from tests.infra.demo.test_demo import processes_in
from tests.infra.demo.worldly import save_models


@pytest.fixture
def work() -> Iterator[Path]:
    """A demo's folder with models, where nginx's own user may look."""
    folder = Path(tempfile.mkdtemp(prefix="movierec-monitoring-"))
    folder.chmod(0o755)
    try:
        save_models(folder / "workspace/models", SEED)
        yield folder
    finally:
        shutil.rmtree(folder)


def test_without_a_demo_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no models in .*: run `make demo` first"):
        monitoring.main(["--work", str(tmp_path)])


@pytest.mark.parametrize("wrong", [["--faster", "0.5"], ["--quiet", "0"]])
def test_a_pace_that_is_none_is_refused(wrong: list[str]) -> None:
    with pytest.raises(BadInput, match="--faster must be 1 or more, and --quiet above 0"):
        monitoring.main(wrong)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_faults_are_told_with_their_seconds_and_so_is_their_end(
    work: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert monitoring.main(["--work", str(work), "--faster", "60", "--quiet", "2"]) == 0
    told = capfd.readouterr().out
    assert re.findall(r"^\[(\d)/7\]", told, re.M) == list("1234567")
    said = re.findall(
        r"^ +[\d.]+ s  (FIRING|RESOLVED) page (ServiceDown|CollectorCutOff)$", told, re.M
    )
    first = list(dict.fromkeys(said))
    assert first == [
        ("FIRING", "ServiceDown"),
        ("RESOLVED", "ServiceDown"),
        ("FIRING", "CollectorCutOff"),
        ("RESOLVED", "CollectorCutOff"),
    ]
    assert "svdpp:8080 does not answer" in told
    assert "the watchdog calls" in told
    assert re.search(r"messages to Slack: \d+, calls of the watchdog: \d+", told)
    assert "<svg" in (work / "monitoring.html").read_text()
    assert processes_in(work) == []
