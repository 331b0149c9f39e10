"""How strictly tests are taken: none depends on the machine's speed, and where everything is
there (`FRONTLINE_REQUIRE_ALL=1`, as in CI) a test that is skipped has failed.
"""

import os
from collections.abc import Generator

import pytest
from hypothesis import settings

from frontline.testing.driver import NOT_DECLARED

settings.register_profile("frontline", deadline=None, print_blob=True)
settings.register_profile("frontline-ci", parent=settings.get_profile("frontline"), derandomize=True)
settings.load_profile("frontline-ci" if os.environ.get("CI") else "frontline")


def everything_is_required() -> bool:
    return os.environ.get("FRONTLINE_REQUIRE_ALL", "") not in {"", "0"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and everything_is_required() and not (hasattr(report, "wasxfail") or _is_no_ability(report)):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.skipped and everything_is_required():
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {_reason(report)}"
    return report


def _is_no_ability(report: pytest.TestReport) -> bool:
    """What a channel doesn't claim to do is no lack of the machine."""
    return NOT_DECLARED in _reason(report)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
