"""`make fuzz`: the parser under atheris for minutes, from a corpus of good lines."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.movierec.lines.test_events import BAD, GOOD

SECONDS = 180


@pytest.mark.fuzz
@pytest.mark.timeout(SECONDS + 120)
def test_no_input_breaks_the_parser(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    seeds = [*(line.encode() for line in GOOD), *(line for line in BAD if len(line) < 4096)]
    for number, line in enumerate(seeds):
        (corpus / str(number)).write_bytes(line)
    program = Path(__file__).with_name("fuzz_events.py")
    options = [f"-max_total_time={SECONDS}", "-max_len=300", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, str(program), *options, str(corpus)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs is not None
    print(f"{int(runs[1]):,} inputs")
    assert int(runs[1]) > 10_000
