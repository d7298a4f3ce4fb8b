"""CI's plugin: a run with a skipped test does not pass."""

import pytest

PLUGIN = "infra.ci.no_skips"
SKIP = "import pytest; pytest.skip('no broker')"
EXPECTED_FAILURE = "import pytest; pytest.xfail('known')"


@pytest.mark.parametrize(
    ("body", "status", "skipped"),
    [
        ("assert True", pytest.ExitCode.OK, []),
        (SKIP, pytest.ExitCode.TESTS_FAILED, ["test_it.py::test_it"]),
        ("assert False", pytest.ExitCode.TESTS_FAILED, []),
        (EXPECTED_FAILURE, pytest.ExitCode.OK, []),
    ],
)
def test_a_skipped_test_fails_the_run(
    pytester: pytest.Pytester, body: str, status: pytest.ExitCode, skipped: list[str]
) -> None:
    pytester.makepyfile(test_it=f"def test_it():\n    {body}\n")
    done = pytester.runpytest_inprocess("-p", PLUGIN, "-p", "no:cacheprovider")
    assert done.ret == status
    told = [line for line in done.outlines if line.startswith("SKIPPED, which fails this run: ")]
    assert [line.rsplit(" ", 1)[1] for line in told] == skipped


def test_one_run_knows_nothing_of_the_skips_of_another(pytester: pytest.Pytester) -> None:
    for body, status in [(SKIP, pytest.ExitCode.TESTS_FAILED), ("pass", pytest.ExitCode.OK)]:
        pytester.makepyfile(test_it=f"def test_it():\n    {body}\n")
        assert pytester.runpytest_inprocess("-p", PLUGIN, "-p", "no:cacheprovider").ret == status
