"""The service, with a recommender that fails or dawdles while a file says so.

FAULTS is a folder; `fails` or `slow` stands in its file `<arm>`. All around the recommender, HTTP,
metrics and logs, is the service's own.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from movierec.cli import run
from serve.service import __main__ as service
from serve.service.recommender import Answer, Recommender

SLOW_SECONDS = 0.45
"""Longer than an answer may take and shorter than a site waits."""
BY_THE_MODEL = Recommender.answer
FILE = Path(os.environ["FAULTS"], os.environ["SERVICE_MODEL_VERSION"].partition("@")[0])


def answer(recommender: Recommender, *given: Any, **more: Any) -> Answer:
    """As the recommender answers, but for the fault."""
    fault = FILE.read_text() if FILE.exists() else ""
    if fault == "fails":
        raise RuntimeError("a fault on purpose")
    if fault == "slow":
        time.sleep(SLOW_SECONDS)
    return BY_THE_MODEL(recommender, *given, **more)


if __name__ == "__main__":
    Recommender.answer = answer  # type: ignore[method-assign]
    sys.argv[0] = "serve.service"
    run(service.main)
