"""compose.yaml, the systemd units and the script that makes their secrets: each says what its process understands."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from deploy.checks import files
from deploy.checks.server import parse
from deploy.checks.settings import mistakes, read_by
from deploy.nats.users import users
from frontline.configuration.load import load
from tests.deploy.overlays import ALL_USERS, DEPLOY, INSTALL, examples
from tests.deploy.units import SYSTEMD, Told, composed, containers, env_file, units

ROOM_SECONDS = 5
COMPOSE = composed()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    subprocess.run([DEPLOY / "secrets.sh", tmp_path / "secrets"], check=True)
    return tmp_path / "secrets"


def test_there_is_a_password_for_every_user_and_only_its_owner_may_read_it(secrets: Path) -> None:
    configuration = load(DEPLOY / "kubernetes/base/desks.toml")
    wanted = {user.name for user in users(configuration.channels, [desk.id for desk in configuration.desks])}
    assert {path.name for path in (secrets / "nats").iterdir()} == wanted | {"route"}
    made = [path for path in secrets.rglob("*") if path.is_file()]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in made)
    assert all(re.fullmatch(r"k[0-9a-f]{48}", path.read_text()) for path in made if path.name != "nats.env")
    told = env_file(secrets / "nats.env")
    assert told == {
        f"NATS_PASSWORD_{p.name.upper().replace('-', '_')}": p.read_text() for p in (secrets / "nats").iterdir()
    }


def test_secrets_that_are_there_are_kept(secrets: Path) -> None:
    before = {path: path.read_text() for path in secrets.rglob("*") if path.is_file()}
    subprocess.run([DEPLOY / "secrets.sh", secrets], check=True)
    assert {path: path.read_text() for path in secrets.rglob("*") if path.is_file()} == before


def test_nats_takes_its_configuration_with_the_passwords_that_were_made(secrets: Path) -> None:
    config = {
        "nats.conf": (DEPLOY / "nats/one-machine.conf").read_text(),
        "users.conf": (DEPLOY / "kubernetes/base/nats/users.conf").read_text(),
    }
    environ = {"NATS_LISTEN": "127.0.0.1:4222", "NATS_STORE": str(secrets), **env_file(secrets / "nats.env")}
    assert list(parse(config, environ)) == []


@pytest.mark.parametrize("told", [*units(), *containers()], ids=lambda told: told.name)
def test_a_process_is_told_what_it_understands(told: Told) -> None:
    kinds = read_by(told.arguments)
    assert kinds is not None
    brought = {path: text for path in told.secrets if (text := examples().get(Path(path).name))}
    assert list(mistakes(told.environ, kinds, brought)) == []
    assert told.environ["FRONTLINE_NATS_USER"] == told.name
    assert set(told.secrets) == {value for key, value in told.environ.items() if value and key.endswith("_FILE")}
    if told.name != "provision":
        assert told.stop_seconds >= float(told.environ["FRONTLINE_DRAIN_SECONDS"]) + ROOM_SECONDS


@pytest.mark.parametrize("name", [name for name in COMPOSE["services"] if name != "nats"])
def test_a_container_may_do_nothing_but_its_work(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert all(each["source"] in COMPOSE["secrets"] for each in service["secrets"])


def test_what_compose_mounts_is_there(secrets: Path) -> None:
    subprocess.run([DEPLOY / "secrets.sh", secrets, ALL_USERS], check=True)
    paths = [secret["file"] for name, secret in COMPOSE["secrets"].items() if name not in examples()]
    assert all((secrets.parent / path).exists() for path in paths)
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (DEPLOY / source).is_file(), source


def test_services_on_one_machine_have_ports_of_their_own() -> None:
    ports = [value for path in SYSTEMD.glob("*.env") for key, value in env_file(path).items() if key.endswith("_PORT")]
    assert len(ports) == len(set(ports))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="apt-get install --yes systemd")
@pytest.mark.parametrize("name", [path.name for path in sorted(SYSTEMD.glob("*.service"))])
def test_a_unit_is_understood_by_systemd_and_hardened(name: str, tmp_path: Path) -> None:
    for path in SYSTEMD.glob("*.service"):
        text = path.read_text().replace("/opt/frontline/bin/", "/bin/true ").replace("/bin/true ", "/bin/true --", 1)
        (tmp_path / path.name).write_text(text)
    started = tmp_path / name.replace("@", "@email")
    if "@" in name:
        started.write_text((tmp_path / name).read_text())
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", started], capture_output=True, text=True, check=False, env=os.environ
    )
    assert verified.returncode == 0, verified.stderr
    assert str(tmp_path) not in verified.stderr
    scored = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", started],
        capture_output=True,
        text=True,
        check=False,
    )
    assert scored.returncode == 0, scored.stdout


def test_files_are_as_their_linters_want_them() -> None:
    try:
        assert list(files.check(DEPLOY)) == []
    except FileNotFoundError:
        pytest.skip(INSTALL)


@pytest.mark.parametrize(
    "name,text",
    [
        ("Dockerfile", "FROM debian\nRUN cd /tmp && sudo apt-get install curl\n"),
        ("secrets.sh", "#!/bin/sh\nrm -rf $1/*\n"),
        ("x.yaml", "a:   1\na: 2\n"),
    ],
)
def test_a_file_that_is_spoilt_is_found(name: str, text: str, tmp_path: Path) -> None:
    shutil.copy(DEPLOY / "Dockerfile", tmp_path)
    (tmp_path / name).write_text(text)
    assert list(files.check(tmp_path))
