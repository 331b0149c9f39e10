import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from frontline.configuration.load import load
from frontline.contract.error import SettingsError
from frontline.supervisor.home import demo_configuration, locked, open_home, secret_of, write_private
from frontline.supervisor.leftover import Notes
from tests.integration.supervisor.fleet import alive


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_data_directory_is_for_its_owner_only(tmp_path: Path) -> None:
    home = open_home(tmp_path / "data")
    assert {mode(path) for path in (home.root, home.run, home.log)} == {0o700}


def test_a_data_directory_that_cannot_be_made_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"FRONTLINE_DATA_DIR: .* can't be used"):
        open_home(tmp_path / "file" / "data")


def test_the_secret_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    secret = secret_of(home)
    assert len(secret) == 64
    assert secret_of(home) == secret
    assert mode(home.secret) == 0o600


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    secret_of(home)
    home.secret.chmod(0o644)
    with pytest.raises(SettingsError, match="make its mode 0600"):
        secret_of(home)


def test_a_second_holder_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    home = open_home(tmp_path)
    told = rf"in use by another `frontline up` \(process {os.getpid()}\)"
    with locked(home), pytest.raises(SettingsError, match=told), locked(home):
        pass
    with locked(home):
        pass


def test_the_demo_desk_is_written_as_a_file_that_loads(tmp_path: Path) -> None:
    assert load(demo_configuration(open_home(tmp_path))).desks[0].id == "support"


def test_a_private_file_is_private_from_the_start_and_replaces_a_public_one(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("public")
    write_private(path, b"private")
    assert (path.read_bytes(), mode(path)) == (b"private", 0o600)
    assert list(tmp_path.iterdir()) == [path]


def test_a_process_left_over_from_a_former_run_is_ended(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE) as left:
        assert left.stdout is not None
        left.stdout.readline()
        Notes(tmp_path / "processes.json").note("router", left.pid)
        assert Notes(tmp_path / "processes.json").end_leftovers() == ["router"]
        assert left.wait(30) == -signal.SIGKILL
    assert Notes(tmp_path / "processes.json").end_leftovers() == []


def test_another_process_that_got_the_same_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        notes = tmp_path / "processes.json"
        notes.write_text(f'{{"router": [{other.pid}, "some other time"]}}')
        assert Notes(notes).end_leftovers() == []
        notes.write_text(f'{{"router": {{"pid": {other.pid}, "began": "some other time"}}}}')
        assert Notes(notes).end_leftovers() == []
        assert alive(other.pid)
        other.kill()


def test_a_process_that_was_forgotten_is_not_looked_for(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "processes.json")
    notes.note("up", os.getpid())
    notes.forget("up")
    assert Notes(tmp_path / "processes.json").end_leftovers() == []
