"""Makes answers of the past again: IDENTICAL or DIFFERENT, and what stands behind them.

    python -m infra.release explain --user 42 --at 2026-11-23T02:10
    python -m infra.release explain --request-id 9f86d081884c7d65
    python -m infra.release explain --day 2026-11-23               # every answer of a day, counted
    python -m infra.release explain --sample 1000 --seed 7         # of all that is there
    python -m infra.release explain --model-dir models/svd < lines # served lines of stdin

The answer is found in the topic `served` of the collector's folder, in closed days and in what no
day holds yet. --at is as the log writes times, in UTC: that minute (second) is in it, and the
user's last answer at or before its end is taken. Its model is fetched by the release that the line
names, from the DVC remote, and kept; what is kept is verified whenever it is used. The list is made
again by the release's own code, whatever has become of the ranking since, with the history that the
line holds. A release that was taken back (`svd@v1.4.0!`) is asked all the same.

Of one answer: model, commit, params, metrics, data days with their Kafka offsets, tier and arm with
the reasons, and each movie with the user's own movies that speak for it. Of a day or a sample: how
many came out how, and a line for each that is not IDENTICAL.

An answer that a query had a part in cannot be made again: a query is not logged. One by what is no
release (`svd@demo`) needs the package that answered, by --model-dir; that is asked by today's code.

Exit status: 0 all IDENTICAL; 1 one is DIFFERENT, or nobody can make it again; 2 something is to be
mended, as a line on stderr says: no such answer, a release that cannot be had.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from infra.release.explaining.answers import Found, ServedLog, sample
from infra.release.explaining.facts import Days, told
from infra.release.explaining.judging import Verdict, explain
from infra.release.explaining.makers import Makers
from infra.release.explaining.telling import counted, headline, near_told
from infra.release.options import manual, shared
from infra.release.tag import check_repository
from movierec.cli import refuse, run, whole
from movierec.errors import BadInput
from movierec.times import MINUTE, NO_SECONDS, Nanoseconds, day_argument, parse_time

EVER: Nanoseconds = 1 << 62
"""After every answer."""


def main(arguments: list[str]) -> int:
    """Explain what was asked for; returns the exit status."""
    options = parse(arguments)
    check_repository(options.repo)
    many = options.day is not None or options.sample is not None
    many = many and not options.request_id
    days = Days(options.store, options.event_topic, options.offsets)
    verdicts: list[tuple[str, str, Verdict]] = []
    unmended: list[str] = []
    with Makers(options.repo, options.cache, options.model_dir, why=not many) as makers:
        for found in chosen(options):
            one = explain(found, makers)
            said = found.said
            verdicts.append((said["model"], said["tier"], one.verdict))
            if one.mend and one.why not in unmended:
                unmended.append(one.why)
            if not many:
                print(told(one, makers, days), end="\n\n", flush=True)
            elif one.verdict is not Verdict.IDENTICAL:
                print(headline(one), flush=True)
    if not verdicts:
        raise BadInput(f"{options.day or 'stdin'}: no answer there")
    if many or len(verdicts) > 1:
        print(counted(verdicts))
    for why in unmended:
        refuse(BadInput(why))
    if unmended:
        return 2
    return 0 if all(verdict is Verdict.IDENTICAL for *_, verdict in verdicts) else 1


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options. Raises BadInput for those that do not go together."""
    parser = manual("explain", __doc__)
    parser.add_argument("--user", type=whole, metavar="N", help="whose last answer")
    parser.add_argument("--at", type=time_argument, metavar="TIME", help="at or before it (now)")
    parser.add_argument("--request-id", nargs="+", metavar="ID", help="the answers to these")
    parser.add_argument("--day", type=day_argument, help="all answers of it; of an id: its day")
    parser.add_argument("--sample", type=whole, metavar="N", help="so many, at random")
    parser.add_argument("--seed", type=whole, default=0, help="of the sample (0)")
    shared(parser, "store", "repo")
    parser.add_argument("--event-topic", default="movielog")
    parser.add_argument("--served-topic", default="served")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="of models (in .git)")
    parser.add_argument(
        "--model-dir", type=Path, metavar="FOLDER", help="the package that answered"
    )
    parser.add_argument("--offsets", action="store_true", help="those of all partitions")
    options = parser.parse_args(arguments)
    others = [options.request_id, options.day, options.sample]
    if options.user is not None and others != [None, None, None]:
        raise BadInput("--user asks for one answer: leave --request-id, --day and --sample out")
    if options.at is not None and options.user is None:
        raise BadInput("--at says when, not whose answer: add --user")
    if options.sample is not None and (options.sample < 1 or options.request_id):
        raise BadInput("--sample takes 1 or more, of a day or of all that is there")
    return options


def time_argument(text: str) -> Nanoseconds:
    """The end of the minute, the second or the fraction that a text names: argparse's `type`."""
    moment = parse_time(text)
    if moment is None:
        raise BadInput(f"{text!r} is no time; expected it as in the log, UTC: 2026-11-23T02:10")
    time, digits = moment
    return time + (MINUTE if digits == NO_SECONDS else 10 ** (9 - digits))


def chosen(options: argparse.Namespace) -> Iterable[Found]:
    """The answers that are asked for. Raises BadInput when there is none."""
    log = ServedLog(options.store, options.served_topic)
    if options.user is not None:
        return [last_of(options.user, options.at or EVER, log)]
    if options.request_id:
        return log.requests(options.request_id, options.day)
    if options.sample is not None:
        found = sample(log.all(options.day), options.sample, options.seed)
        if not found:
            raise BadInput(f"{log.root / log.topic}: no answer there; {log.says()}")
        return found
    return log.all(options.day) if options.day else of_stdin()


def of_stdin() -> Iterator[Found]:
    """Lines that somebody gives."""
    for number, line in enumerate(sys.stdin.buffer, start=1):
        yield Found.of(line.removesuffix(b"\n"), f"line {number} of stdin")


def last_of(user: int, until: Nanoseconds, log: ServedLog) -> Found:
    """A user's last answer before a moment; says which others are near. Raises BadInput."""
    found, near = log.last(user, until)
    told = near_told(user, until, near)
    if found is None:
        raise BadInput(
            f"{log.root / log.topic}: no answer to user {user} by then; {told}; {log.says()}"
        )
    print(f"{told}\n")
    return found


if __name__ == "__main__":
    run(main)
