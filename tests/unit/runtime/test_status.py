from pathlib import Path

from frontline.runtime.status import Status, read_status, write_status


def test_what_was_written_is_read(tmp_path: Path) -> None:
    status = Status(name="router", pid=7, ops="127.0.0.1:9090", listeners={"http": "http://127.0.0.1:8080"})
    write_status(tmp_path / "run" / "router.json", status)
    assert read_status(tmp_path / "run" / "router.json") == status


def test_a_status_that_is_not_there_or_not_whole_is_none(tmp_path: Path) -> None:
    assert read_status(tmp_path / "none.json") is None
    (tmp_path / "half.json").write_text('{"name": "rou')
    assert read_status(tmp_path / "half.json") is None


def test_a_new_status_replaces_the_former_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    for number in (1, 2):
        write_status(tmp_path / "s.json", Status(name="a", pid=number))
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]
