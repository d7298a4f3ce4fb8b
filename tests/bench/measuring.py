"""Stands in the place of `python` for the stages of a `dvc repro`: runs it, and writes a line of
JSON on what it took to the file that MEASURED names.

    {"argv": ["stages/train.py", …], "cpu_s": …, "wall_s": …, "peak_mb": …, "read_mb": …,
     "written_mb": …}

Seconds and memory are of the process and its children, memory of the largest; bytes are what the
process itself passed to the kernel and got from it, from disk or its cache.
"""

import json
import os
import sys
import threading
import time
from pathlib import Path

BEAT = 0.05


def main() -> int:
    """Run Python with our own arguments; its status."""
    started = time.monotonic()
    pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
    moved = {"rchar": 0, "wchar": 0}
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(BEAT):
            try:
                lines = Path(f"/proc/{pid}/io").read_text().splitlines()
            except OSError:
                return
            said = dict(line.split(": ") for line in lines)
            moved.update({name: int(said[name]) for name in moved if said.get(name)})

    watching = threading.Thread(target=watch)
    watching.start()
    _, status, used = os.wait4(pid, 0)
    ended.set()
    watching.join()
    line = {
        "argv": sys.argv[1:],
        "cpu_s": used.ru_utime + used.ru_stime,
        "wall_s": time.monotonic() - started,
        "peak_mb": used.ru_maxrss / 1024,
        "read_mb": moved["rchar"] / 1e6,
        "written_mb": moved["wchar"] / 1e6,
    }
    with Path(os.environ["MEASURED"]).open("a") as file:
        file.write(json.dumps(line) + "\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    raise SystemExit(main())
