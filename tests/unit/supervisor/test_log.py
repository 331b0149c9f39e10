from pathlib import Path

from frontline.contract.error import Mistake
from frontline.supervisor.log import ServiceLog


def test_mistakes_are_those_that_the_service_told_since_its_last_start(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "x.log")
    for name in ("OLD", "NEW"):
        with log.open() as out:
            out.write(b'{"event":"settings.mistake","where":"%s","what":"is not set"}\nnot json\n' % name.encode())
    assert log.mistakes("x") == [Mistake("NEW", "is not set")]


def test_a_service_that_told_nothing_is_named_with_its_log(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "x.log")
    log.open().close()
    (mistake,) = log.mistakes("router")
    assert mistake.where == "router"
    assert str(tmp_path / "x.log") in mistake.what


def test_a_large_log_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    log = ServiceLog(tmp_path / "x.log")
    with log.open() as out:
        out.truncate(17 * 1024 * 1024)
    log.open().close()
    assert (tmp_path / "x.log").stat().st_size == 0
    assert (tmp_path / "x.log.1").exists()
