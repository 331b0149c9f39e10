"""Every process of one machine, started as its systemd unit or its compose service says, against NATS with the
configuration, users and secrets of the how-to. Only ports and the roots of paths are those of the test.
"""

import asyncio
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from types import MappingProxyType

import aiohttp
import pytest

from deploy.checks.manifest import Pods
from deploy.checks.stand import Server, Stand, free_port
from tests.deploy.overlays import ALL_USERS, DEPLOY, examples
from tests.deploy.units import Told, containers, env_file, units
from tests.e2e.running import until

DESKS = ALL_USERS.parent / "desks.toml"
MOVED = MappingProxyType({"PORT": "0", "HOST": "127.0.0.1"})


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """What the how-to puts into /etc/frontline, for desks with an inbox on every channel."""
    folder = tmp_path / "etc"
    folder.mkdir()
    for source, name in (
        (DEPLOY / "nats/one-machine.conf", "nats.conf"),
        (ALL_USERS, "users.conf"),
        (DESKS, "desks.toml"),
    ):
        (folder / name).write_bytes(source.read_bytes())
    subprocess.run([DEPLOY / "secrets.sh", folder / "secrets", folder / "users.conf"], check=True)
    for key, example in examples().items():
        (folder / "secrets" / key).write_text(example)
    return folder


def nats(etc: Path, folder: Path) -> Server:
    port = free_port()
    environ = {"NATS_LISTEN": f"127.0.0.1:{port}", "NATS_STORE": str(folder / "store")}
    return Server({}, environ | env_file(etc / "secrets/nats.env"), etc, port)


def process(told: Told, etc: Path, folder: Path, url: str) -> Stand:
    """With what it is told, moved to this machine."""
    home = folder / told.name
    home.mkdir()
    environ = {}
    for name, value in told.environ.items():
        kind = name.rpartition("_")[2]
        if value in told.secrets:
            environ[name] = str(etc / "secrets" / told.secrets[value])
        elif name == "FRONTLINE_CONFIG":
            environ[name] = value.replace("/etc/frontline", str(etc))
        elif kind == "DIR":
            environ[name] = f"{home}{value}"
        else:
            environ[name] = MOVED.get(kind, value)
    environ |= {"FRONTLINE_NATS_URL": url, "FRONTLINE_STATUS_FILE": str(home / "status.json")}
    owner = {"kind": "Deployment", "metadata": {"name": told.name}, "spec": {}}
    return Stand(Pods(owner, {"spec": {"containers": [{"args": told.arguments}]}}), home, environ)


@pytest.mark.parametrize("way", [units, containers], ids=lambda way: way.__name__)
async def test_all_of_it_starts_serves_and_ends_as_it_is_written(
    way: Callable[[], Iterable[Told]], etc: Path, tmp_path: Path
) -> None:
    server = nats(etc, tmp_path)
    stands = {told.name: (process(told, etc, tmp_path, server.url), told.stop_seconds) for told in way()}
    assert {"provision", "router", "intake-email", "intake-chat", "intake-phone", "intake-webhook"} == stands.keys()
    provision, _ = stands.pop("provision")
    try:
        await server.start()
        await provision.start()
        assert await provision.ended(60) == 0, provision.log.read_text()
        await asyncio.gather(*(stand.start() for stand, _ in stands.values()))
        async with aiohttp.ClientSession() as session:
            for stand, _ in stands.values():
                await until(lambda stand=stand: _ready(session, stand), 60)  # type: ignore[misc]
        for stand, _ in stands.values():
            stand.end()
        codes = {name: await stand.ended(seconds) for name, (stand, seconds) in stands.items()}
    finally:
        for stand, _ in stands.values():
            stand.kill()
        server.kill()
    assert set(codes.values()) == {0}, codes
    assert server.violations() == []


async def _ready(session: aiohttp.ClientSession, stand: Stand) -> bool:
    assert stand.process is not None
    assert stand.process.returncode is None, stand.log.read_text()
    if not stand.status.ops:
        return False
    async with session.get(f"http://{stand.status.ops}/healthz/ready") as response:
        return response.status == 200


async def test_a_process_without_its_secret_does_not_start(etc: Path, tmp_path: Path) -> None:
    (told,) = [each for each in units() if each.name == "intake-webhook"]
    (etc / "secrets/webhook-secrets").unlink()
    stand = process(told, etc, tmp_path, "nats://127.0.0.1:1")
    await stand.start()
    assert await stand.ended(60) == 78
    assert "FRONTLINE_WEBHOOK_SECRETS" in stand.log.read_text()
