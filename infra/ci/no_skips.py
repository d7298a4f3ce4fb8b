"""A pytest plugin: a skipped test fails the run, for CI must have everything a test needs.

Use: `pytest -p infra.ci.no_skips …`.
"""

import pytest

SKIPPED: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember each test that was skipped, whatever the reason."""
    if report.skipped and not hasattr(report, "wasxfail"):
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Turn a run with skipped tests into a failed one."""
    if SKIPPED and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the skipped tests."""
    for nodeid in SKIPPED:
        terminalreporter.write_line(f"SKIPPED, which fails this run: {nodeid}", red=True)
