"""A pytest plugin: a skipped test fails the run, for CI must have everything a test needs.

Use: `pytest -p infra.ci.no_skips …`.
"""

import pytest


class NoSkips:
    """Remembers the skipped tests of one run."""

    def __init__(self) -> None:
        self.skipped: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember each test that was skipped, whatever the reason."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped.append(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Turn a run with skipped tests into a failed one."""
        if self.skipped and exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the skipped tests."""
        for nodeid in self.skipped:
            terminalreporter.write_line(f"SKIPPED, which fails this run: {nodeid}", red=True)


def pytest_configure(config: pytest.Config) -> None:
    """Watch this run, and no other run of the same process."""
    config.pluginmanager.register(NoSkips(), "no-skips of this run")
