"""A test that did not run has proved nothing."""

import pytest

STRICTLY = ("-p", "tests.strictness", "-o", "asyncio_default_fixture_loop_scope=function")

SKIPPED = """
import pytest

@pytest.mark.skip(reason="no browser")
def test_a(): ...

def test_b():
    pytest.skip("no swaks")

@pytest.mark.xfail(reason="known", strict=True)
def test_c():
    assert False

def test_d(): ...
"""


def test_a_skipped_test_is_a_failure_where_everything_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTLINE_REQUIRE_ALL", "1")
    pytester.makepyfile(SKIPPED)
    result = pytester.runpytest(*STRICTLY)
    result.assert_outcomes(failed=1, errors=1, xfailed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["*skipped where nothing may be: *no browser*", "*skipped where nothing may be: *no swaks*"]
    )


def test_a_skipped_module_is_a_failure_where_everything_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTLINE_REQUIRE_ALL", "1")
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_library')\ndef test_a(): ...")
    result = pytester.runpytest(*STRICTLY)
    result.assert_outcomes(errors=1)


def test_elsewhere_a_test_may_be_skipped(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FRONTLINE_REQUIRE_ALL", raising=False)
    pytester.makepyfile(SKIPPED)
    pytester.runpytest(*STRICTLY).assert_outcomes(skipped=2, xfailed=1, passed=1)
