"""A pod's container as a process on this machine: its own environment and files, ports and paths moved."""

import asyncio
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from deploy.checks.manifest import Manifests, Pods
from deploy.checks.server import config_of, password, variables
from frontline.runtime.embedded import find_nats_server

_LOOK_SECONDS = 0.02
_CLUSTER_BLOCK = re.compile(r"^cluster \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)
_MOVED = {"HOST": "127.0.0.1", "PORT": "0"}


class Status(msgspec.Struct):
    """What a service writes of itself: see `frontline.runtime.status`."""

    ops: str = ""
    listeners: dict[str, str] = {}


@dataclass(slots=True)
class Stand:
    """One container. `environ` is what it is told on this machine."""

    pods: Pods
    folder: Path
    environ: dict[str, str]
    process: asyncio.subprocess.Process | None = None

    @property
    def name(self) -> str:
        return self.pods.name

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def status(self) -> Status:
        """Empty as long as it has not said anything."""
        try:
            return msgspec.json.decode((self.folder / "status.json").read_bytes(), type=Status)
        except (OSError, msgspec.DecodeError):
            return Status()

    async def start(self) -> None:
        arguments = self.pods.spec["containers"][0]["args"]
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "frontline", *arguments, env=self.environ, stdout=log, stderr=log
            )

    def end(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    async def ended(self, seconds: float) -> int | None:
        """Its exit code, `None` when it is killed for being late."""
        assert self.process is not None
        try:
            async with asyncio.timeout(seconds):
                return await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None

    def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()


def stand(manifests: Manifests, pods: Pods, folder: Path, *, nats: str, **told: str) -> Stand:
    """Made ready to start, with `told` on top of what the manifests tell it."""
    home = folder / pods.name
    home.mkdir(parents=True)
    container = pods.spec["containers"][0]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("FRONTLINE_")}
    roots = _files(manifests, pods, home)
    for name, value in manifests.environment(container).items():
        moved = next(
            (f"{there}{value.removeprefix(mount)}" for mount, there in roots.items() if _below(value, mount)), value
        )
        kind = name.rpartition("_")[2]
        environ[name] = _MOVED[kind] if name.startswith("FRONTLINE_") and kind in _MOVED else moved
    environ |= {"FRONTLINE_NATS_URL": nats, "FRONTLINE_STATUS_FILE": str(home / "status.json"), **told}
    return Stand(pods, home, environ)


def _below(value: str, mount: str) -> bool:
    return value == mount or value.startswith(f"{mount}/")


def _files(manifests: Manifests, pods: Pods, home: Path) -> dict[str, Path]:
    """Where each mount of the pod is on this machine; ConfigMaps and Secrets are written there."""
    volumes = {each["name"]: each for each in pods.spec.get("volumes", [])}
    roots = {}
    for mount in pods.spec["containers"][0].get("volumeMounts", []):
        root = roots[mount["mountPath"]] = home / mount["name"]
        root.mkdir()
        volume = volumes[mount["name"]]
        if "configMap" in volume:
            config = manifests.named("ConfigMap", volume["configMap"]["name"]) or {}
            for name, text in config.get("data", {}).items():
                (root / name).write_text(text, encoding="utf-8")
        for source in volume.get("projected", {}).get("sources", []):
            for item in source["secret"]["items"]:
                text = manifests.secret(source["secret"]["name"], item["key"]) or password(item["key"])
                (root / item["path"]).write_text(text, encoding="utf-8")
    return roots


@dataclass(slots=True)
class Server:
    """NATS as the overlay configures it, alone and on this machine. Keeps its port over a restart."""

    config: Mapping[str, str]
    environ: Mapping[str, str]
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def violations(self) -> list[str]:
        """What it refused its users."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        found = [line.partition(" - ")[2] for line in lines if "Violation" in line or "uthorization" in line]
        return sorted(set(found))

    async def start(self) -> None:
        """Returns once clients can connect."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220, S603 - the binary of our own environment
                [str(find_nats_server()), "-c", str(self.folder / "nats.conf")],
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, **self.environ},
            )
        async with asyncio.timeout(20):
            while True:
                if self.process.poll() is not None:
                    raise RuntimeError(self.log.read_text(encoding="utf-8"))
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(_LOOK_SECONDS)
                else:
                    writer.close()
                    return

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def server(manifests: Manifests, folder: Path) -> Server:
    """The NATS of an overlay, not started yet: one node of it, and small."""
    [pods] = [pods for pods in manifests.pods() if pods.name == "nats"]
    config = dict(config_of(manifests, pods) or {})
    folder.mkdir(parents=True)
    port = free_port()
    text = _CLUSTER_BLOCK.sub("", config["nats.conf"])
    for old, new in (
        ('"0.0.0.0:4222"', f'"127.0.0.1:{port}"'),
        ('"0.0.0.0:8222"', '"127.0.0.1:-1"'),
        ('"/data"', f'"{folder}/data"'),
        ('"/var/run/nats/nats.pid"', f'"{folder}/nats.pid"'),
    ):
        text = text.replace(old, new)
    (folder / "nats.conf").write_text(text, encoding="utf-8")
    (folder / "users.conf").write_text(config["users.conf"], encoding="utf-8")
    return Server(config, {**variables(pods), "SERVER_NAME": "nats-0"}, folder, port)


def free_port() -> int:
    """One that nobody has now. None that the kernel gives away by itself: it would, before the server is there."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
