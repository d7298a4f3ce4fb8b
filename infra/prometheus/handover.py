"""What the batch side knows, where Prometheus finds it: DIR/movierec.prom, for node-exporter's
textfile collector.

    python -m infra.prometheus.handover [--output DIR] [--outcome success|failure]

DIR is METRICS_TEXTFILE_DIR by default. The file is replaced as a whole: who reads it sees the old
one or the new one. A report that is missing, malformed or of half a run gives no sample, is named
here and is 0 in movierec_handover_source_up; the others are handed over all the same. With
--outcome the night's job ends now.

Exit status: 0 handed over, or nobody is to be told; 2 something is to be mended.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from prometheus_client import write_to_textfile

from infra.prometheus.night import ILL, WELL, ended, remembered
from infra.prometheus.runs import Runs
from infra.prometheus.samples import Sample, registry_of
from infra.prometheus.settings import MetricsSettings
from infra.prometheus.sources import REPORTS, TAGS, Read, production
from movierec.cli import refuse, run
from movierec.errors import Unavailable, UserError

ROOT = Path(__file__).resolve().parents[2]
FILE = "movierec.prom"
T = TypeVar("T")


def main(arguments: list[str]) -> int:
    """Write the file; says what is missing in it."""
    options = parse(arguments)
    folder = options.output or MetricsSettings.from_environment().textfile_dir
    if folder is None:
        print("METRICS_TEXTFILE_DIR is not set: nobody is told")
        return 0
    now = time.time()
    known = attempt(lambda: remembered(options.outcome, folder / FILE)) or []
    told = [*ended(options.outcome, now), Sample("movierec_handover_timestamp_seconds", now)]
    write(folder, [*reports(options.root), *known, *told])
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="handover",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="(METRICS_TEXTFILE_DIR)")
    parser.add_argument("--outcome", choices=(WELL, ILL), help="how the night's job ended")
    parser.add_argument("--root", type=Path, default=ROOT, metavar="FOLDER", help="(this project)")
    return parser.parse_args(arguments)


def reports(root: Path) -> Iterator[Sample]:
    """The samples of every source of a project, and which sources gave them."""
    runs = Runs(root)

    def whole(source: str, read: Read) -> Iterator[Sample]:
        yield from read(root, source)
        runs.check(source)

    sources = {source: partial(whole, source, read) for source, read in REPORTS.items()}
    for source, read in {**sources, TAGS: partial(production, root)}.items():
        found = attempt(read)
        yield Sample("movierec_handover_source_up", found is not None, (source,))
        yield from found or []


def attempt(read: Callable[[], Iterable[T]]) -> list[T] | None:
    """All that is read, or nothing: then why is said on stderr."""
    try:
        return list(read())
    except UserError as error:
        refuse(error)
        return None


def write(folder: Path, samples: Iterable[Sample]) -> None:
    """Replace the file in `folder`. Raises Unavailable when that cannot be."""
    try:
        write_to_textfile(str(folder / FILE), registry_of(samples))
    except OSError as error:
        raise Unavailable(
            f"{folder / FILE} cannot be written ({error.strerror}): METRICS_TEXTFILE_DIR is a "
            "folder that is there, and that we may write to"
        ) from None


if __name__ == "__main__":
    run(main)
