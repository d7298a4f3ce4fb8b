"""Ask a service at a fixed rate and write down what became of every request.

    python load.py --to router:8080 --rate 100 --users 7,11,13 [--burst 20] [--kept] > asked.jsonl

Open loop: request i is due at i / rate, whatever became of those before it, and its time counts
from then. **Nothing is tried again**: a client that repeats a request on a dead connection, as most
do by themselves, hides what this is to count. One connection a request, or with `--kept`
connections that are used again while the server keeps them. It runs for so many seconds, or until
SIGTERM, and then waits for the answers that are out.

It also runs inside a cluster, in a service's image. A line an answer:
[user, due, seconds, status or what went wrong, X-Model, X-Answer-Tier, reused, late].
`late` is how long after its time a request was begun: then this machine was busy, or this program.
"""

import argparse
import asyncio
import json
import signal
import sys
import time
from dataclasses import dataclass, field

from movierec.cli import real, whole

TIMEOUT_SECONDS = 5.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Answer = tuple[int, dict[str, str]]
FAILED = (OSError, EOFError, TimeoutError, ValueError, LookupError, asyncio.LimitOverrunError)


@dataclass
class Client:
    """Asks `host:port`; `idle` are the connections that wait to be used again."""

    host: str
    port: int
    path: str
    kept: bool
    began: float
    idle: list[Connection] = field(default_factory=list)

    async def ask(self, user: int, due: float) -> None:
        """One request, due at `due` (seconds of the monotonic clock), and its line."""
        late = round(time.monotonic() - due, 4)
        reused, connection = False, None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                connection = self._waiting()
                reused = connection is not None
                connection = connection or await asyncio.open_connection(self.host, self.port)
                status, headers = await self._exchange(connection, user)
            told = str(status)
        except FAILED as error:
            told, headers = type(error).__name__, {"connection": "close"}
        if connection:
            if self.kept and headers.get("connection", "").lower() != "close":
                self.idle.append(connection)
            else:
                connection[1].close()
        took = time.monotonic() - due
        model, tier = headers.get("x-model", ""), headers.get("x-answer-tier", "")
        at = round(due - self.began, 4)
        print(json.dumps([user, at, round(took, 4), told, model, tier, reused, late]))

    def _waiting(self) -> Connection | None:
        """A kept connection that the server has not closed while it waited."""
        while self.idle:
            connection = self.idle.pop()
            if not connection[0].at_eof() and not connection[1].is_closing():
                return connection
            connection[1].close()
        return None

    async def _exchange(self, connection: Connection, user: int) -> Answer:
        reader, writer = connection
        keep = "keep-alive" if self.kept else "close"
        path = self.path.format(user)
        head = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nConnection: {keep}\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        await reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), headers


async def load(options: argparse.Namespace) -> None:
    """Ask each of the users in turn until the seconds are over or SIGTERM comes."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    host, _, port = options.to.rpartition(":")
    began = time.monotonic()
    client = Client(host, int(port), options.path, options.kept, began)
    out: set[asyncio.Task[None]] = set()
    number = 0
    while not ended.is_set() and number < options.rate * options.seconds:
        due = began + number // options.burst * options.burst / options.rate
        await asyncio.sleep(due - time.monotonic())
        task = asyncio.create_task(client.ask(options.users[number % len(options.users)], due))
        out.add(task)
        task.add_done_callback(out.discard)
        number += 1
    await asyncio.gather(*out)
    for _, writer in client.idle:
        writer.close()


def numbers(text: str) -> list[int]:
    """Whole numbers, joined by commas."""
    return [int(part) for part in text.split(",")]


def main(arguments: list[str]) -> int:
    """Ask as the options say."""
    parser = argparse.ArgumentParser(prog="load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--to", required=True, help="host:port")
    parser.add_argument("--path", default="/recommend/{}", help="{} is the user")
    parser.add_argument("--rate", type=real, default=100.0, help="requests a second")
    parser.add_argument("--users", type=numbers, default=range(1, 201), help="asked for in turn")
    parser.add_argument("--burst", type=whole, default=1, help="so many at a time")
    parser.add_argument("--kept", action="store_true", help="use connections again")
    parser.add_argument("--seconds", type=real, default=float("inf"))
    asyncio.run(load(parser.parse_args(arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
