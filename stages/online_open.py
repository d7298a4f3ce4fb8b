"""Served answers that no closed day holds yet, and what users did so far → the report on them.

    python stages/online_open.py --store data --report online.json

For people who look before a day is over, and no stage: it judges those answers too whose time is
not over. The report is as that of `online_merge.py`. Of the last closed day is read what was going
on at its end.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from movierec.cli import run
from movierec.dataset.onlinefile import TOPICS
from movierec.dataset.scale import Events
from movierec.errors import BadInput
from movierec.evaluation.online.daysums import DaySums, Lines, sums_of
from movierec.evaluation.online.merging import merge
from movierec.evaluation.online.outcomes import Online
from movierec.files import write_json
from movierec.params import load_section
from movierec.routing import Routing
from movierec.store.days import closed_days, day_folder, stream_day
from movierec.store.openrows import open_rows
from movierec.times import DAY, day_name
from movierec.url import TAKES, root_argument


def main(arguments: list[str]) -> int:
    """Evaluate what is not closed yet; writes the report, and says the verdict."""
    parser = argparse.ArgumentParser(prog="online_open", description=__doc__.splitlines()[0])
    parser.add_argument("--store", type=root_argument, required=True, help=TAKES)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    options = parser.parse_args(arguments)
    params = load_section(options.params, "online", Online)
    events = load_section(options.params, "events", Events)
    routing = load_section(options.params, "routing", Routing)
    sums = sums_of_open(options.store, params, events)
    report = merge([sums], params, routing) | {"open": True}
    write_json(options.report, report)
    answers = sum(model["answers"] for model in report["models"].values())
    told = {"program": "online_open", "day": sums.day, "answers": answers}
    print(json.dumps(told | {"verdict": report["experiment"]["verdict"]}))
    return 0


def sums_of_open(store: Path, params: Online, events: Events) -> DaySums:
    """The sums of what no closed day of a store holds, under the name of the day that it begins
    on. Raises BadInput when no answer is among it."""
    rows = {topic: open_rows(store, topic) for topic in TOPICS}
    if not len(rows["served"]):
        raise BadInput(f"{store}: no answer there that is in no closed day")
    lines = Lines(
        rows["served"].to_batches(),
        rows["movielog"].to_batches(),
        last_day(store, "served"),
        last_day(store, "movielog"),
    )
    first = pc.min(rows["served"]["time"]).as_py()
    return sums_of(day_name(first // DAY), lines, params, events, open=True)


def last_day(store: Path, topic: str) -> Iterator[pa.RecordBatch] | None:
    """The rows of the last closed day, where there is one."""
    days = closed_days(store, topic)
    return stream_day(day_folder(store, topic, days[-1])) if days else None


if __name__ == "__main__":
    run(main)
