"""A client inside the cluster: what it asked, what became of it, and which versions answered."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from infra.kubernetes.cluster import Cluster, wait_until

START = "python /programs/load.py {options} >/tmp/{name} 2>/tmp/{name}.errors </dev/null & echo $!"

WITNESS = "--to witness:8080 --rate 20"
PATIENCE = 0.2
"""Seconds: the router waits little longer for an arm, and then asks the other one."""


class Asked(NamedTuple):
    """A request: seconds since the load began, and what trial/load.py wrote down of it."""

    user: int
    due: float
    seconds: float
    told: str
    model: str
    tier: str
    reused: bool
    late: float


@dataclass
class Load:
    """Requests of one kind under one name; `asked` once it has stopped."""

    cluster: Cluster
    name: str
    options: str
    asked: list[Asked] = field(default_factory=list)
    witness: "Load | None" = None

    def start(self) -> None:
        """Begin, in the background, and wait for the first answer."""
        command = START.format(options=self.options, name=self.name)
        self.process = self._client("sh", "-c", command).strip()
        wait_until("the load has begun", lambda: self._client("wc", "-c", self._file)[0] != "0")

    def stop(self) -> None:
        """End it when the requests that are out have been answered, and read what it wrote."""
        self._client("sh", "-c", f"kill -TERM {self.process} 2>/dev/null || true")
        self.await_end()

    def await_end(self) -> None:
        """Wait until it ends, by itself or because it was told, and read what it wrote."""
        gone = f"grep -qs load.py /proc/{self.process}/cmdline || echo gone"
        wait_until("the load has ended", lambda: "gone" in self._client("sh", "-c", gone))
        errors = self._client("cat", f"{self._file}.errors")
        assert not errors, errors
        self.asked = self.so_far()

    def so_far(self) -> list[Asked]:
        """What it has written by now; the last requests may not be there yet."""
        lines = self._client("cat", self._file).splitlines(keepends=True)
        return [Asked(*json.loads(line)) for line in lines if line.endswith("\n")]

    @property
    def _file(self) -> str:
        return f"/tmp/{self.name}"

    def _client(self, *command: str) -> str:
        return self.cluster.kubectl("exec", "client", "--", *command)


@contextmanager
def asking(cluster: Cluster, name: str, options: str) -> Iterator[Load]:
    """Load from here to the end of the block, on a witness, too, whom nobody updates."""
    load = Load(cluster, name, options)
    load.witness = Load(cluster, f"{name}.witness", WITNESS)
    load.witness.start()
    load.start()
    try:
        yield load
    finally:
        load.stop()
        load.witness.stop()


def had_time(load: Load) -> bool:
    """Whether the machine had time for it: else no failure says anything of what was asked."""
    assert load.witness
    late = [one for one in load.witness.asked if one.told != "200" or one.seconds > PATIENCE]
    return not late and held_up(load.asked) < PATIENCE


def failures(asked: Sequence[Asked]) -> Counter[str]:
    """What went wrong, and how often: any answer but 200."""
    return Counter(one.told for one in asked if one.told != "200")


def arm_of_each(asked: Sequence[Asked]) -> dict[int, str]:
    """Which arm answered each user, most of the time: another stands in when that one fails."""
    answered: dict[int, Counter[str]] = {}
    for one in asked:
        if one.model:
            answered.setdefault(one.user, Counter())[one.model.partition("@")[0]] += 1
    return {user: arms.most_common(1)[0][0] for user, arms in answered.items()}


def versions_by_user(asked: Sequence[Asked], arm: str) -> dict[int, list[str]]:
    """The versions that each user of an arm met there, in order, each run of one as one."""
    arms = arm_of_each(asked)
    met: dict[int, list[str]] = {user: [] for user in arms if arms[user] == arm}
    for one in sorted(asked, key=lambda one: one.due):
        versions = met.get(one.user, [])
        if one.model.startswith(f"{arm}@") and versions[-1:] != [one.model]:
            versions.append(one.model)
    return met


def stand_ins(asked: Sequence[Asked]) -> int:
    """How many answers another arm gave than the user's own."""
    arms = arm_of_each(asked)
    return sum(1 for one in asked if one.model and not one.model.startswith(f"{arms[one.user]}@"))


def held_up(asked: Sequence[Asked]) -> float:
    """Seconds that the client itself was late at most: the machine had no time for it."""
    return max(one.late for one in asked)


def percentile(asked: Sequence[Asked], share: float) -> float:
    """Milliseconds from when a request was due to its answer, of those that were answered."""
    times = sorted(one.seconds for one in asked if one.told == "200")
    return 1000 * times[int(share * (len(times) - 1))] if times else float("nan")


def summary(asked: Sequence[Asked]) -> str:
    """One line for people."""
    failed = failures(asked)
    said = f" ({', '.join(f'{n} {kind}' for kind, n in failed.most_common())})" if failed else ""
    p50, p99, most = (percentile(asked, share) for share in (0.5, 0.99, 1.0))
    times = f"p50 {p50:.1f} ms, p99 {p99:.1f}, at most {most:.0f} ms"
    return f"{len(asked)} requests, {failed.total()} failed{said}, {times}"
