"""Builds that are aborted, or whose Jenkins is killed: nothing of them lives on, and the next one
is whole."""

import pytest

from tests.infra.ci.jenkinsfile.scratch import Scratch
from tests.infra.ci.jenkinsfile.stages import assert_ended_clean
from tests.infra.ci.processes import lives

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_what_a_build_left_whose_jenkins_was_killed_is_no_part_of_the_next(quick: Scratch) -> None:
    started, normal = quick.folder / "started", quick.dvc
    quick.dvc = f"""if [ "$1 $2" = "repro train" ]; then
echo '{{}}' > metrics/half.json; echo half > dvc.lock; mkdir -p models; echo half > models/rows
echo $$ > {started}.new; mv {started}.new {started}; while :; do sleep 1; done
fi
mkdir -p metrics; {normal}"""
    quick.build(dies_at=started)
    assert (quick.workspace / "models/rows").exists()
    # The lock that a training finds is that of the verdict before it.
    quick.dvc = f"""if [ "$1 $2" = "repro train" ]; then
ls models metrics/half.json || :; echo "the lock: $(cat dvc.lock)"
fi
{normal}"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    for left in ("models", "metrics/half.json"):
        assert f"cannot access '{left}'" in built.log
    assert "the lock: {}\n" in built.log
    assert "ending what a run that was killed has left" in built.log
    assert not lives(started.read_text().strip())
    assert_ended_clean(quick, built)


def test_an_abort_ends_all_of_a_training_and_the_next_build_takes_up(quick: Scratch) -> None:
    started = quick.folder / "started"
    normal = quick.dvc
    # A training that does not heed TERM, and a child of it in a group of its own.
    quick.dvc = f"""if [ "$1 $2" = "repro train" ]; then
trap '' TERM; setsid sleep 1000 & echo "$$ $!" > {started}.new; mv {started}.new {started}
while :; do sleep 1; done
fi
{normal}"""
    built = quick.build(aborts_at=started)
    assert (built.result, built.stages()[-1]) == ("ABORTED", "model retraining")
    assert built.told() == ["https://jenkins.invalid/1 model retraining: ABORTED"]
    assert_ended_clean(quick, built)
    quick.dvc = normal
    again = quick.build()
    assert again.result == "SUCCESS", again.log
    assert "waiting for" not in again.log
    for number in started.read_text().split():
        assert not lives(number)
