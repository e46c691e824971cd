"""What a test run says about the real Earthstar programs, and when they may be missing.

It names their versions at the top of every run. Where ESD_REQUIRE_PEERS is set, nothing
may be skipped, peers or not: a skip is reported as a failure, so that a green run there
means that every test ran.
"""

from collections.abc import Generator

import pytest

from tests.peers.installed import peers_required, versions

Report = pytest.TestReport | pytest.CollectReport


def pytest_report_header() -> str:
    required = " (required: a skip is a failure)" if peers_required() else ""
    return f"real peers: {versions()}{required}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Report, Report]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Report, Report]:
    report = yield
    _forbid_skip(report)
    return report


def _forbid_skip(report: Report) -> None:
    expected_to_fail = hasattr(report, "wasxfail")
    if report.outcome == "skipped" and peers_required() and not expected_to_fail:
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {_reason(report)}"


def _reason(report: Report) -> str:
    match report.longrepr:
        case (str(), int(), str(reason)):
            return reason
        case other:
            return str(other)
