"""`movierec.routing` and the real nginx deal users alike, also while the weights change."""

import asyncio
import contextlib
import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from movierec.routing import arm, ranking
from tests.infra.router.arms import Arm, arms
from tests.infra.router.routers import EVEN, PATIENT, Router, exchange, put, router

pytestmark = pytest.mark.slow

USERS = 10_000
REQUESTS = 2_400
A_SECOND = 400
CHANGES = [
    {"svd": 50, "svdpp": 10},
    {"svd": 1, "svdpp": 99},
    {"svd": 7.5},
    {"svd": 50, "svdpp": 50},
]


def test_ten_thousand_users_are_dealt_as_the_function_says(
    patient: Router, both: dict[str, Arm]
) -> None:
    weights = {"svd": 30.5, "svdpp": 69.5}
    patient.deal(weights, salt="autumn.2")
    with contextlib.closing(patient.connect()) as connection:
        long = [10**18 - 1, 2**53 + 1, *(10**17 + 7919 * k for k in range(498))]
        ids = [*range(USERS - len(long)), *long]
        got = [exchange(connection, "GET", f"/recommend/{user}").arm for user in ids]
    assert got == [arm(user, "autumn.2", weights) for user in ids]
    assert both["svd"].asked + both["svdpp"].asked == USERS
    assert patient.get("/history/7").arm == arm(7, "autumn.2", weights)


def test_of_three_arms_the_second_best_stands_in() -> None:
    weights = {"svd": 1.0, "svdpp": 1.0, "third-one": 0.0}
    with arms(*weights) as made, router(made, weights, **PATIENT) as three:
        assert {three.get(f"/recommend/{user}").arm for user in range(40)} == {"svd", "svdpp"}
        weights["third-one"] = 2.0
        three.deal(weights)
        ranked = [ranking(user, "1", weights) for user in range(300)]
        assert {row[0] for row in ranked} == set(weights)
        assert [three.get(f"/recommend/{u}").arm for u in range(300)] == [r[0] for r in ranked]
        made["third-one"].stop()
        moved = [r for r in ranked if r[0] == "third-one"]
        assert {row[1] for row in moved} == {"svd", "svdpp"}
        for user, row in enumerate(ranked):
            expected = row[1] if row[0] == "third-one" else row[0]
            assert three.get(f"/recommend/{user}").arm == expected


def test_what_is_no_user_s_is_dealt_by_its_path(patient: Router) -> None:
    for path in ("/", "/similar/jaws+1975", "/recommend/no-number", "/recommend/007", "/events"):
        assert patient.get(path).arm == arm(path, "1", EVEN)
        assert patient.get(f"{path}?exclude=a").arm == arm(path, "1", EVEN)


# Weights that change


def renamed(routing: Path) -> Callable[[str], None]:
    """A file that is renamed into its place."""
    return lambda text: put(routing, text)


def mounted(routing: Path) -> Callable[[str], None]:
    """A ConfigMap's folder as Kubernetes changes it: a link of the folder's is renamed."""
    turn = 0

    def change(text: str) -> None:
        nonlocal turn
        turn += 1
        folder = routing.parent / f"..{turn}"
        folder.mkdir()
        (folder / routing.name).write_text(text)
        link = routing.parent / "..data_tmp"
        link.symlink_to(folder.name)
        link.replace(routing.parent / "..data")
        if not routing.is_symlink():
            routing.unlink()
            routing.symlink_to(f"..data/{routing.name}")

    return change


@dataclass(frozen=True)
class Asked:
    """A request: whose, from when to when, and who answered; None when nobody did."""

    user: int
    sent: float
    got: float
    arm: str | None


async def ask(port: int, user: int) -> Asked:
    """One request on a connection of its own, and no second try."""
    sent = time.monotonic()
    name = None
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = f"GET /recommend/{user} HTTP/1.1\r\nHost: r\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        if head.startswith(b"HTTP/1.1 200 "):
            name = json.loads(body)["arm"]
    return Asked(user, sent, time.monotonic(), name)


async def load(port: int, change: Callable[[int], None]) -> list[Asked]:
    """Requests at their times, whatever becomes of those before; `change` between them."""
    began = time.monotonic()
    running = []
    for number in range(REQUESTS):
        await asyncio.sleep(max(0.0, began + number / A_SECOND - time.monotonic()))
        running.append(asyncio.create_task(ask(port, number % 500)))
        if number % 300 == 299:
            await asyncio.to_thread(change, number // 300)
    return await asyncio.gather(*running)


@pytest.mark.parametrize("way", [renamed, mounted])
def test_weights_change_under_load_and_no_request_fails(
    patient: Router, way: Callable[[Path], Callable[[str], None]]
) -> None:
    put_text = way(patient.routing)
    in_force = [(0.0, time.monotonic(), EVEN)]
    """(from when it may have been in force, from when it was for sure, weights)."""

    def change(number: int) -> None:
        weights = CHANGES[number % len(CHANGES)]
        before = time.monotonic()
        put_text(json.dumps({"salt": "1", "weights": weights}))
        in_force.append((before, time.monotonic(), weights))

    asked = asyncio.run(load(patient.port, change))
    assert len(asked) == REQUESTS and len(in_force) == 1 + REQUESTS // 300
    assert [one for one in asked if one.arm is None] == []
    ends = [sure for _, sure, _ in in_force[1:]] + [float("inf")]
    certain = 0
    for one in asked:
        could = {
            arm(one.user, "1", weights)
            for (begin, _, weights), end in zip(in_force, ends, strict=True)
            if begin <= one.got and one.sent <= end
        }
        assert one.arm in could
        certain += len(could) == 1
    assert certain > REQUESTS / 2, "most requests were made while one thing was right"
    weights = in_force[-1][2]
    after = [patient.get(f"/recommend/{user}").arm for user in range(500)]
    assert after == [arm(user, "1", weights) for user in range(500)]


GOOD = '{"salt": "1", "weights": {"svd": 0, "svdpp": 1}}'
PIPE = "a pipe, which nobody writes to"
MALFORMED = [
    "",
    GOOD[:-7],
    "null",
    "[]",
    '"svd"',
    '{"salt": "1"}',
    '{"salt": "1", "weights": null}',
    '{"salt": "1", "weights": {}}',
    '{"salt": 1, "weights": {"svd": 1}}',
    '{"salt": "", "weights": {"svd": 1}}',
    '{"salt": "a b", "weights": {"svd": 1}}',
    '{"weights": {"svdpp": 1}}',
    '{"salt": "1", "weights": {"svdpp": 1, "svd": -1}}',
    '{"salt": "1", "weights": {"svdpp": 1, "svd": "1"}}',
    '{"salt": "1", "weights": {"svdpp": true}}',
    '{"salt": "1", "weights": {"svdpp": 1e999}}',
    '{"salt": "1", "weights": {"svd": 0, "svdpp": 0}}',
    '{"salt": "1", "weights": {"svdpp": 1, "third": 1}}',
    '{"salt": "1", "weights": {"svdpp": 1, "toString": 1}}',
    '{"salt": "1", "weights": {"svdpp": 1}, "more": 1}',
    '{"salt": "1", "weights": [1, 2]}',
    None,
    PIPE,
]


def test_while_the_file_is_none_the_weights_are_those_of_the_start(both: dict[str, Arm]) -> None:
    with router(both, {"svd": 1.0, "svdpp": 0.0}, **PATIENT) as made:
        for text in MALFORMED:
            put(made.routing, GOOD)
            assert made.get("/recommend/7").arm == "svdpp"
            assert "from_file 1" in status(made)
            assert 'share{arm="svdpp"} 1\n' in status(made)
            if text is None:
                made.routing.unlink()
            elif text == PIPE:
                made.routing.unlink()
                os.mkfifo(made.routing)
            else:
                put(made.routing, text)
            answer = made.get("/recommend/7")
            assert (answer.status, answer.arm) == (200, "svd"), text
            assert "from_file 0" in status(made)
            assert 'share{arm="svd"} 1\n' in status(made)
        told = [line["weights_from"] for line in made.lines(2 * len(MALFORMED))]
        assert Counter(told) == {"file": len(MALFORMED), "start": len(MALFORMED)}


def status(made: Router) -> str:
    """The metrics for monitoring, on a port of their own."""
    at = Router(made.status_port, 0, made.routing, made.processes)
    answer = at.get("/metrics")
    assert answer.status == 200
    return answer.text
