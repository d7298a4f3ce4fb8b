"""Who moves tags in one repository takes turns; that a release is made alone: test_register.py."""

import threading
import time
from pathlib import Path

from infra.release.alone import in_turn
from infra.repository import git


def test_nobody_is_in_between(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    counter = tmp_path / "counter"
    counter.write_text("0")

    def count() -> None:
        for _ in range(3):
            with in_turn(tmp_path):
                value = int(counter.read_text())
                time.sleep(0.002)  # for others to come in between, if they could
                counter.write_text(str(value + 1))

    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.read_text() == "24"
