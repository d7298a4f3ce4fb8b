"""What somebody, or a verdict, did in production, and what a build makes of it."""

import pytest

from infra.repository import git
from tests.infra.ci.jenkinsfile.scratch import Scratch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_what_act_pushed_is_taken_up_by_the_same_build(quick: Scratch) -> None:
    """Weights move by a commit, which the release of the night stands on."""
    clone = quick.clone("verdict")
    quick.instead["-m infra.release act *"] = f"""cd {clone}; git pull -q
echo '# moved' >> params.yaml; git commit -qam 'Give svdpp more users'; git push -q; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    subjects = git(quick.origin, "log", "--format=%s", "master").splitlines()
    assert subjects[:2] == ["Give svdpp more users", "Evaluate what was answered"]


def test_what_was_taken_out_of_production_is_not_deployed_again(quick: Scratch) -> None:
    """The next build finds it released before; whoever rolled back decides."""
    clone = quick.clone("person")
    for tag in ("svd@v1.0.0", "svd#prod#1", "svdpp@v1.0.0"):
        git(clone, "tag", "--annotate", "--message", ".", tag)
    git(clone, "push", "--quiet", "--tags", "origin")
    quick.instead["-m infra.release register *"] = """for kind in svd svdpp; do
echo "$kind@v1.0.0: released before, all is done"; done; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.skipped() == {"deploy svd": "when"}
    assert "svdpp@v1.0.0 is to be deployed" in built.log


def test_what_was_taken_back_is_not_deployed_though_it_never_was(quick: Scratch) -> None:
    clone = quick.clone("person")
    for tag in ("svd@v1.0.0", "svdpp@v1.0.0", "svdpp@v1.0.0!"):
        git(clone, "tag", "--annotate", "--message", ".", tag)
    git(clone, "push", "--quiet", "--tags", "origin")
    quick.instead[
        "-m infra.release register *"
    ] = """echo "svd@v1.0.0: released before, all is done"
echo "svdpp@v1.0.0: released before and taken back: stays out of production"; exit 0"""
    built = quick.build()
    assert built.result == "SUCCESS", built.log
    assert built.skipped() == {"deploy svdpp": "when"}
