"""The verb: which answers are meant, what is printed of them, how it ends."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from infra.release import explain as program
from infra.release.explain import time_argument
from movierec.errors import BadInput
from movierec.times import MINUTE, SECOND, parse_time
from tests.infra.release.served import answered, put
from tests.inputs.packages import STRANGER, package

DAY = "2026-11-04"


@pytest.fixture(scope="module")
def svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return package(tmp_path_factory.mktemp("svd") / "m", "svd")


@pytest.fixture(scope="module")
def line(svd: Path) -> bytes:
    return answered(svd, STRANGER)


class Verb:
    """`explain` over a store of its own, in a repository without a release."""

    def __init__(self, folder: Path, svd: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.svd, self.capsys = folder, svd, capsys
        subprocess.run(["git", "init", "--quiet", str(folder / "repository")], check=True)

    def logged(self, line: bytes, time: str, **said: object) -> bytes:
        """Put a line into the store as of a time of DAY."""
        whole = json.loads(line) | {"time": f"{DAY}T{time}"} | said
        put(self.folder / "store", [json.dumps(whole).encode()])
        return json.dumps(whole).encode()

    def __call__(self, *options: str, package: bool = True) -> tuple[int, str, str]:
        """Its status, and what it prints on stdout and stderr."""
        where = ["--store", str(self.folder / "store"), "--repo", str(self.folder / "repository")]
        given = ["--model-dir", str(self.svd)] if package else []
        status = program.main([*options, *where, *given])
        told = self.capsys.readouterr()
        return status, told.out, told.err


@pytest.fixture
def verb(tmp_path: Path, svd: Path, capsys: pytest.CaptureFixture[str]) -> Verb:
    return Verb(tmp_path, svd, capsys)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-11-23T02:10", MINUTE),
        ("2026-11-23T02:10:00", SECOND),
        ("2026-11-23T02:10:00.000", SECOND // 1000),
        ("2026-11-23T02:10:00.000000000", 1),
    ],
)
def test_a_time_stands_for_all_that_it_names(text: str, end: int) -> None:
    start = parse_time("2026-11-23T02:10")
    assert start is not None and time_argument(text) == start[0] + end


@pytest.mark.parametrize("text", ["2026-11-23", "2026-11-23 02:10", "02:10", "2026-11-23T24:10"])
def test_what_is_no_time_is_refused_with_one(text: str) -> None:
    with pytest.raises(BadInput, match=f"'{text}' is no time; .* UTC: 2026-11-23T02:10"):
        time_argument(text)


def test_the_answer_of_a_minute_is_told_in_full(verb: Verb, line: bytes) -> None:
    for n, time in enumerate(["02:08:00.000000", "02:10:59.999999", "02:11:00.000000"]):
        verb.logged(line, time, request_id=f"r{n}")
    status, told, _ = verb("--user", str(STRANGER), "--at", f"{DAY}T02:10")
    assert status == 0
    near, _, answer, _, facts, _, movies = re.split(r"(\n\n)", told.rstrip())
    assert near == (
        f"others of user {STRANGER} within an hour: {DAY}T02:08:00.000000 (request r0), "
        f"{DAY}T02:11:00.000000 (request r2)"
    )
    assert answer.startswith(f"IDENTICAL  {DAY}T02:10:59.999999  user {STRANGER}  svd@unreleased")
    assert "found in   served: no closed day yet, partition 0, offset 1\n" in facts
    assert f"tier       popular: nothing was known of user {STRANGER}\n" in facts
    assert "by today's code; that it is svd@unreleased is not proved" in " ".join(facts.split())
    assert [row.split()[0] for row in movies.splitlines()[2:]] == json.loads(line)["ids"]


def test_without_a_time_it_is_the_last_one(verb: Verb, line: bytes) -> None:
    for n in range(3):
        verb.logged(line, f"02:0{n}:00.000000", request_id=f"r{n}")
    assert "request r2" in verb("--user", str(STRANGER))[1].split("\n\n")[1]


def test_who_was_not_answered_by_then_is_told_what_there_is(verb: Verb, line: bytes) -> None:
    verb.logged(line, "02:30:00.000000", request_id="r0")
    with pytest.raises(
        BadInput, match=r"no answer to user 37 by then; others .*r0.*days there: none"
    ):
        verb("--user", str(STRANGER), "--at", f"{DAY}T02:10")


def test_of_a_sample_the_answers_are_counted_and_others_named(verb: Verb, line: bytes) -> None:
    ids = json.loads(line)["ids"]
    for n in range(5):
        verb.logged(line, f"02:0{n}:00.000000", request_id=f"r{n}")
    status, told, _ = verb("--sample", "5")
    assert status == 0 and told.endswith("5 answers: 5 IDENTICAL, 0 DIFFERENT, 0 NOT MADE AGAIN\n")
    verb.logged(line, "03:00:00.000000", request_id="other", ids=ids[::-1])
    verb.logged(line, "04:00:00.000000", request_id="asked", told=True)
    status, told, error = verb("--day", DAY)
    assert (status, error) == (1, "")
    assert told.endswith("7 answers: 5 IDENTICAL, 1 DIFFERENT, 1 NOT MADE AGAIN\n")
    named = [row for row in told.splitlines() if "request" in row]
    assert [row.split("  ")[0] for row in named] == ["DIFFERENT", "NOT MADE AGAIN"]
    assert verb("--sample", "9", "--day", DAY)[1].endswith(told.splitlines()[-1] + "\n")


def test_lines_may_be_given_and_the_last_says_how_many(
    verb: Verb, line: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lines, count in (([line], None), ([line, line], "2 answers: 2 IDENTICAL")):
        text = b"".join(one + b"\n" for one in lines)
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
        status, told, _ = verb()
        assert status == 0 and told.count("IDENTICAL  20") == len(lines)
        assert (count is None) == ("answers:" not in told) and (count or "") in told
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO()))
    with pytest.raises(BadInput, match="stdin: no answer there"):
        verb()


def test_what_is_no_release_is_said_in_one_line(verb: Verb, line: bytes) -> None:
    verb.logged(line, "02:00:00.000000", request_id="r0", model="svd@demo")
    status, told, error = verb("--request-id", "r0", package=False)
    why = "svd@demo is no release: give the package that answered by --model-dir"
    assert (status, error) == (2, f"error: {why}\n")
    assert told.splitlines()[0].endswith(f"request r0: {why}")
    assert verb("--request-id", "r0")[0] == 0


def test_a_release_that_is_not_there_is_named_once_and_others_are_explained(
    verb: Verb, line: bytes
) -> None:
    for n, model in enumerate(["svd@v1.0.0", "svd@v1.0.0", "svd@v2.0.0"]):
        verb.logged(line, f"02:0{n}:00.000000", request_id=f"r{n}", model=model)
    status, told, error = verb("--day", DAY, package=False)
    assert status == 2 and error.count("no tag svd@v1.0.0") == error.count("no tag svd@v2") == 1
    assert told.endswith("3 answers: 0 IDENTICAL, 0 DIFFERENT, 3 NOT MADE AGAIN\n")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--user", "1", "--day", DAY], "--user asks for one answer"),
        (["--user", "1", "--request-id", "a"], "--user asks for one answer"),
        (["--at", f"{DAY}T02:10"], "add --user"),
        (["--sample", "0"], "--sample takes 1 or more"),
        (["--sample", "2", "--request-id", "a"], "--sample takes 1 or more"),
        (["--day", DAY], f"{DAY}: no answer there"),
        (["--sample", "2"], "no answer there; closed days there: none"),
        (["--request-id", "a"], "no answer to the request a;"),
        (["--day", "2026-11"], "is no day"),
    ],
)
def test_what_cannot_be_meant_is_refused(verb: Verb, options: list[str], why: str) -> None:
    with pytest.raises(BadInput, match=re.escape(why)):
        verb(*options)
