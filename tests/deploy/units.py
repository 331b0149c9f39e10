"""What the systemd units and the compose files tell their processes."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.overlays import DEPLOY

SYSTEMD = DEPLOY / "systemd"
CREDENTIALS = "/run/credentials/x"


@dataclass(frozen=True, slots=True)
class Told:
    """One process: the arguments of `frontline`, its environment, and where its secrets come from (path in the
    process -> path that the operator made).
    """

    name: str
    arguments: list[str]
    environ: dict[str, str]
    secrets: dict[str, str]
    stop_seconds: float


def env_file(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def directives(name: str, instance: str) -> dict[str, list[str]]:
    """Key -> values of all sections of a unit and its drop-ins, `%i` and `%d` put in."""
    channel = instance.removeprefix("intake-")
    drop_ins = sorted((SYSTEMD / f"{name.replace('@', f'@{channel}')}.d").glob("*.conf"))
    found: dict[str, list[str]] = {}
    for path in (SYSTEMD / name, *drop_ins):
        for line in path.read_text().splitlines():
            key, given, value = line.partition("=")
            if given and not line.startswith("#"):
                value = value.replace("%i", channel).replace("%d", CREDENTIALS)
                found.setdefault(key, []).append(value)
    return found


def unit(name: str, instance: str) -> Told:
    parts = directives(name, instance)
    environ: dict[str, str] = {}
    for file in parts.get("EnvironmentFile", []):
        path = SYSTEMD / Path(file.removeprefix("-")).name
        environ |= env_file(path) if path.exists() else {}
    for line in parts.get("Environment", []):
        environ |= dict(each.split("=", 1) for each in shlex.split(line))
    secrets = dict(each.split(":", 1) for each in parts["LoadCredential"])
    return Told(
        instance,
        shlex.split(parts["ExecStart"][0])[1:],
        environ,
        {f"{CREDENTIALS}/{name}": source.removeprefix("/etc/frontline/secrets/") for name, source in secrets.items()},
        float(parts.get("TimeoutStopSec", ["90"])[0]),
    )


def units() -> list[Told]:
    """All of ours, with the template unit for each channel that there is a file for."""
    intakes = [unit("frontline-intake@.service", path.stem) for path in sorted(SYSTEMD.glob("intake-*.env"))]
    return [unit("frontline-provision.service", "provision"), unit("frontline-router.service", "router"), *intakes]


def compose_files() -> list[Path]:
    """Our own first, then what is put together with it, one file a channel."""
    return [DEPLOY / "compose.yaml", *sorted(DEPLOY.glob("compose.*.yaml"))]


def composed() -> dict[str, Any]:
    """All of them put together, as `docker compose -f ... -f ...` does it when no service is in two."""
    whole: dict[str, Any] = {"services": {}, "secrets": {}, "volumes": {}}
    for path in compose_files():
        part = yaml.safe_load(path.read_text())
        for section, known in list(whole.items()):
            assert not known.keys() & part.get(section, {}).keys(), path
            whole[section] = known | part.get(section, {})
    return whole


def container(name: str, compose: dict[str, Any]) -> Told:
    service = compose["services"][name]
    environ = {key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for key, value in service["environment"].items()}
    made = {
        f"/run/secrets/{each['target']}": compose["secrets"][each["source"]]["file"].removeprefix("secrets/")
        for each in service["secrets"]
    }
    stop = float(service.get("stop_grace_period", "10s").removesuffix("s"))
    return Told(name, service["command"], environ, made, stop)


def containers() -> list[Told]:
    compose = composed()
    return [container(name, compose) for name in compose["services"] if name != "nats"]
