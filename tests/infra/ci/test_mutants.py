"""The mutation tester: a defect that a test notices, one that none does, and one that none can."""

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.ci import mutants
from infra.ci.mutants import (
    HOUSES,
    ROOMS,
    ROOT,
    Mutant,
    equivalents,
    files_of,
    house_of,
    judge,
    report,
    room_of,
    sample,
)
from infra.ci.mutations import mutations
from infra.ci.reach import Imports
from infra.ci.trial import Verdict
from movierec.errors import BadInput

SOURCE = '''\
"""Prices."""


def price(count: int, member: bool = False) -> int:
    """What `count` tickets cost."""
    if count > 10:
        return count * 8
    return count * 9
'''
TEST = """\
from movierec.dataset.price import price

def test_price():
    assert price(1) == 9 and price(20) == 160
"""
FILE = "stages/movierec/dataset/price.py"
BOUND = "count > 10 → count >= 10"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A git repository of one source file, one test of it, and one test of nothing."""
    for name, text in {
        "stages/movierec/__init__.py": "",
        "stages/movierec/dataset/__init__.py": "",
        FILE: SOURCE,
        "tests/movierec/dataset/test_price.py": TEST,
        "tests/test_other.py": "def test_other():\n    assert False\n",
        "pytest.ini": "[pytest]\naddopts = --import-mode=importlib\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


@pytest.mark.slow
def test_what_the_tests_notice_is_killed_and_what_they_do_not_lives(project: Path) -> None:
    chosen = [
        mutant
        for mutant in sample(project, [FILE], 100, seed=1)
        if mutant.mutation.change in (BOUND, "count * 9 → count + 9", "False → True")
    ]
    verdicts = judge(project, chosen, hops=1, jobs=2)
    told = {mutant.mutation.change: verdict for mutant, verdict in verdicts.items()}
    assert told == {
        "False → True": Verdict.LIVED,
        BOUND: Verdict.LIVED,
        "count * 9 → count + 9": Verdict.KILLED,
    }
    assert (project / FILE).read_text() == SOURCE


def test_the_table_counts_what_can_be_told_by_room_and_house() -> None:
    drawn = sample(ROOT, ["stages/movierec/times.py", "stages/movierec/models/topn.py"], 4, seed=1)
    verdicts = dict(
        zip(drawn, [Verdict.KILLED, Verdict.TIMED_OUT] * 3 + [Verdict.LIVED] * 2, strict=True)
    )
    verdicts[drawn[0]] = Verdict.EQUIVALENT
    rows = [line.split() for line in report(verdicts).splitlines()]
    assert ["stages/movierec", "4", "3", "1", "0", "100", "%"] in rows
    assert ["stages/movierec/models", "4", "2", "0", "2", "50", "%"] in rows
    assert ["stages/movierec", "8", "5", "1", "2", "71", "%", "(whole", "house)"] in rows
    assert [row[1] for row in rows if row[:1] == ["lived"]] == [
        f"{m.file}:{m.mutation.line}" for m in drawn[-2:]
    ]


def test_a_score_below_the_least_is_a_status_and_equivalents_are_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    [first, second] = sample(ROOT, ["stages/movierec/models/topn.py"], 2, seed=1)
    same = (first.file, first.mutation.text, first.mutation.change)

    def judged(root: Path, chosen: list[Mutant], *_: object) -> dict[Mutant, Verdict]:
        assert chosen == [second]
        return {second: Verdict.LIVED}

    monkeypatch.setattr(mutants, "equivalents", lambda: {same})
    monkeypatch.setattr(mutants, "judge", judged)
    asked = ["stages/movierec/models/topn.py", "--per-file", "2"]
    assert mutants.main(asked) == 0
    assert mutants.main([*asked, "--least", "1"]) == 1
    assert mutants.main([*asked, "--least", "0"]) == 0
    assert f"lived  {second}" in capsys.readouterr().out


def test_files_are_those_of_rooms_below_what_is_asked() -> None:
    assert files_of(ROOT, ["stages/movierec/models/topn.py"]) == ["stages/movierec/models/topn.py"]
    inside = files_of(ROOT, ["stages/movierec/store", "stages/movierec/store/tail.py"])
    assert len(inside) == len(set(inside)) > 10
    with pytest.raises(BadInput, match=r"infra/ci: no source file of a room"):
        files_of(ROOT, ["infra/ci"])


@pytest.mark.slow
def test_a_kernel_is_compiled_anew_for_a_mutant_of_what_it_was_made_of(project: Path) -> None:
    """Numba looks at the kernel's own file alone."""
    number, kernel = (f"stages/movierec/dataset/{name}.py" for name in ("number", "kernel"))
    for name, text in {
        number: "STEP = 7\n",
        kernel: "from numba import njit\n\nfrom movierec.dataset.number import STEP\n\n"
        "@njit(cache=True)\ndef after(x):\n    return x + STEP\n",
        "tests/movierec/dataset/test_kernel.py": "from movierec.dataset.kernel import after\n"
        "from movierec.dataset import number\n\n"
        "def test_after():\n    assert after(1) == 8\n",
    }.items():
        (project / name).write_text(text)
    [step] = sample(project, [number], 1, seed=1)
    [plus] = [m for m in sample(project, [kernel], 9, 1) if m.mutation.change.startswith("x +")]
    assert set(judge(project, [step, plus], hops=1, jobs=1).values()) == {Verdict.KILLED}


@pytest.mark.slow
def test_a_test_that_fails_without_a_mutant_judges_none(project: Path) -> None:
    test = project / "tests/movierec/dataset/test_price.py"
    test.write_text(TEST + "\ndef test_broken():\n    assert price(1) == 8\n")
    [bound] = [m for m in sample(project, [FILE], 100, 1) if m.mutation.change == BOUND]
    assert judge(project, [bound], hops=1, jobs=1) == {bound: Verdict.LIVED}


def test_a_seed_draws_the_same_mutants_and_another_draws_others(project: Path) -> None:
    draws = [sample(project, [FILE], 3, seed) for seed in (1, 1, *range(2, 6))]
    assert draws[0] == draws[1]
    assert any(draw != draws[0] for draw in draws[2:])
    assert {len(draw) for draw in draws} == {3}


def test_a_mutant_changes_one_place_and_spares_what_does_not_run() -> None:
    for mutation in mutations(SOURCE):
        changed = mutation.applied(SOURCE)
        assert changed != SOURCE
        compile(changed, FILE, "exec")
    assert {m.line for m in mutations(SOURCE)} == {4, 6, 7, 8}
    assert mutations("@cache(size=1)\ndef f(a: Literal[1]) -> None: ...\n") == []


def test_what_is_said_to_readers_alone_is_spared_and_the_rest_of_its_line_is_not() -> None:
    source = 'T = TypeVar("T", bound=int, contravariant=True)\n'
    source += "def f(a):\n    return dict(zip(a, g(a, strict=True)[1:], strict=True))\n"
    assert [m.change for m in mutations(source)] == [
        "return dict(zip(a, g(a, strict=True)[1:], strict=True)) → return None",
        "g(a, strict=True) → g(a)",
        "True → False",
        "1 → 2",
    ]


@pytest.mark.slow
def test_two_equal_changes_of_one_line_have_names_of_their_own() -> None:
    """Or naming one of them as equivalent would leave out the other."""
    source = "def f(a):\n    return a[0] < a[0]\n"
    zeros = [m for m in mutations(source) if m.change.startswith("0 →")]
    assert [m.change for m in zeros] == ["0 → 1", "0 → 1 (2)"]
    assert len({m.start for m in zeros}) == 2
    files = files_of(ROOT, list(ROOMS))
    for file in files:
        names = [(m.line, m.change) for m in mutations((ROOT / file).read_text())]
        assert len(names) == len(set(names)), file


def test_each_source_file_of_a_house_is_in_a_room_and_counted_in_the_house() -> None:
    files = files_of(ROOT, list(ROOMS))
    known = {str(p.relative_to(ROOT)) for h in HOUSES for p in (ROOT / h).rglob("*.py")}
    assert set(files) == known
    assert (room_of("serve/kafka.py"), house_of("serve/kafka.py")) == ("serve", "serve")
    assert room_of("serve/service/app.py") == "serve/service"


def test_the_mirrored_test_comes_first_and_far_ones_do_not_come() -> None:
    imports = Imports(ROOT)
    topn = ROOT / "stages/movierec/models/topn.py"
    near = imports.reaching(topn, 1)
    assert near[0] == ROOT / "tests/movierec/models/test_topn.py"
    assert set(near) < set(imports.reaching(topn, 9))
    split = ROOT / "stages/movierec/dataset/split.py"  # its tests import what calls it
    assert imports.reaching(split, 0)[0] == ROOT / "tests/movierec/dataset/test_split.py"
    svd = imports.reaching(ROOT / "stages/movierec/models/kernels/svd.py", 0)
    assert svd[0] == ROOT / "tests/movierec/models/kernels/test_svd.py"
    assert ROOT / "tests/contract/test_models.py" in svd


@pytest.mark.slow
def test_every_named_equivalent_is_a_mutant_of_today_and_has_a_reason() -> None:
    rows = yaml.safe_load(mutants.EQUIVALENT.read_text()) or []
    assert all(len(row["reason"]) > 10 for row in rows)
    for file, line, change in equivalents():
        today = {(m.text, m.change) for m in mutations((ROOT / file).read_text())}
        assert (line, change) in today, f"{file}: take {change!r} out, or mend its line"
