"""Stands in the place of `python` for the stages of a `dvc repro`: runs it, and writes a line of
JSON on what it took to the file that MEASURED names.

    {"argv": ["stages/train.py", …], "began": …, "ended": …, "cpu_s": …, "peak_mb": …,
     "read_mb": …, "written_mb": …}

`began` and `ended` are of the clock that all processes of a machine share (`time.monotonic`).
Seconds and memory are of the process and its children, memory of the largest; bytes are what they
passed to the kernel and got from it, from disk or its cache.
"""

import json
import os
import sys
import time
from pathlib import Path


def main() -> int:
    """Run Python with our own arguments; its status."""
    began = time.monotonic()
    pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # it is dead, and still to be read of
    text = Path(f"/proc/{pid}/io").read_text()
    moved = dict(entry.split(": ") for entry in text.splitlines())
    _, status, used = os.wait4(pid, 0)
    line = {
        "argv": sys.argv[1:],
        "began": began,
        "ended": time.monotonic(),
        "cpu_s": used.ru_utime + used.ru_stime,
        "peak_mb": used.ru_maxrss / 1024,
        "read_mb": int(moved["rchar"]) / 1e6,
        "written_mb": int(moved["wchar"]) / 1e6,
    }
    with Path(os.environ["MEASURED"]).open("a") as file:
        file.write(json.dumps(line) + "\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    raise SystemExit(main())
