"""`make page`: what it starts, what it says, and that nothing of it is left."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from infra.demo import page
from infra.processes import answers_ok, die_with_parent
from movierec.errors import BadInput
from tests.inputs.titles import save_both

ROOT = Path(__file__).parents[3]
SECONDS = 60


def test_without_a_demo_it_says_what_to_do(tmp_path):
    with pytest.raises(BadInput, match=r"there are no models in .*: run `make demo` first"):
        page.main(["--work", str(tmp_path)])


def in_front() -> None:
    """Have Ctrl-C end it, as a terminal's own: a shell that put the tests behind ignores it, and
    what they start inherits that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_both_models_until_it_is_ended(tmp_path, number):
    save_both(tmp_path / "workspace/models")
    command = [sys.executable, "-m", "infra.demo.page", "--work", str(tmp_path), "--port", "0"]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=in_front
    )
    line = process.stdout.readline()
    url = line.removeprefix("the page is at ").split(";")[0]
    with urllib.request.urlopen(url) as response:
        html = response.read().decode()
    assert 'data-arms="svd svdpp"' in html and 'data-events="on"' in html
    assert all(answers_ok(f"{url}/arms/{arm}/recommend/100") for arm in ("svd", "svdpp"))
    process.send_signal(number)
    said, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, said) == (0, "")
    assert not answers_ok(url)
