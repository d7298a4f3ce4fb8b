"""What submit.sh makes of what `spark-submit` logs, which itself ends with 0 whatever happened."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
WATCHED = "INFO LoggingPodStatusWatcherImpl: Application status for spark-1 (phase: {})"
AT_THE_END = "\t container name: spark-kubernetes-driver\n\t exit code: {}\n"


def submitted(
    folder: Path, logged: str, status: int = 0, day: str = "2026-11-01"
) -> tuple[int, str]:
    """The script's status and words where `spark-submit` logs this, and ends so, with what it was
    called with as its last line."""
    program = folder / "spark-submit"
    (folder / "logged").write_text(logged)
    program.write_text(f'#!/bin/sh\ncat "{folder}/logged" >&2\necho "$*"\nexit {status}\n')
    program.chmod(0o755)
    done = subprocess.run(
        [ROOT / "infra/spark/submit.sh", "https://server:6443", "image:1", "/mnt/folder", day],
        env={
            **os.environ,
            "PATH": f"{folder}:{os.environ['PATH']}",
            "AWS_SECRET_ACCESS_KEY": "4711",
        },
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("driver", [0, 2])
def test_it_ends_as_the_driver_did(tmp_path: Path, driver: int) -> None:
    logged = f"{WATCHED.format('Running')}\n{AT_THE_END.format(driver)}"
    status, said = submitted(tmp_path, logged)
    assert status == driver and said.startswith(logged)


def test_a_driver_that_was_taken_away_has_no_status_and_failed(tmp_path: Path) -> None:
    assert submitted(tmp_path, f"{WATCHED.format('Running')}\n")[0] == 1


def test_who_does_not_wait_hears_of_the_submission_alone(tmp_path: Path) -> None:
    assert submitted(tmp_path, "INFO Client: Deployed application aggregate\n")[0] == 0
    assert submitted(tmp_path, "Exception: connection refused\n", status=1)[0] == 1


def test_of_a_day_on_s3_the_secret_is_named_and_no_key(tmp_path: Path) -> None:
    call = submitted(tmp_path, "", day="s3://bucket/movielog/days/2026-11-01")[1]
    for who in ("driver", "executor"):
        assert (
            f"kubernetes.{who}.secretKeyRef.AWS_SECRET_ACCESS_KEY=s3:AWS_SECRET_ACCESS_KEY" in call
        )
    assert "--day s3://bucket/movielog/days/2026-11-01 --output data/aggregates/2026-11-01" in call
    assert "4711" not in call
    assert "secretKeyRef" not in submitted(tmp_path, "")[1]
