"""What a container's environment says, read by the code that will read it in the pod."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from tempfile import NamedTemporaryFile
from typing import Any

import msgspec

from deploy.checks.manifest import Finding, Manifests, Object, Pods
from frontline.contract.error import SettingsError
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.host import HostSettings
from frontline.runtime.service import needed
from frontline.runtime.settings import RuntimeSettings, load_several
from frontline.supervisor.storage import StorageSettings

Kinds = list[tuple[str, type[msgspec.Struct]]]


def check(manifests: Manifests) -> Iterator[Finding]:
    for pods in manifests.pods():
        for container in pods.containers:
            kinds = read_by(container.get("args", []))
            if kinds is not None:
                told = manifests.environment(container)
                yield from (f"{pods.title}: {what}" for what in mistakes(told, kinds))
                yield from _files(pods, container, told)
                yield from _ports(pods, told)
                if told.get("FRONTLINE_NATS_USER") != user_of(container["args"]):
                    yield f"{pods.title}: is NATS user {told.get('FRONTLINE_NATS_USER')}, not itself"


def read_by(arguments: list[str]) -> Kinds | None:
    """The settings that a `frontline` command with these arguments reads; `None` for another program."""
    common: Kinds = [("runtime", RuntimeSettings)]
    match arguments:
        case ["channel", "run", name]:
            found = entry_points(group="frontline.channels", name=name)
            plugin: Any = next(iter(found)).load()
            return [
                *common,
                ("host", HostSettings),
                ("delivery", DeliverySettings),
                (f"channel.{name}", plugin.Settings),
            ]
        case ["service", "run", "router"]:
            from router.service import RouterSettings

            return [*common, ("router", RouterSettings)]
        case ["nats", "provision"]:
            return [*common, ("storage", StorageSettings)]
    return None


def user_of(arguments: list[str]) -> str:
    """The NATS user that a `frontline` command has to be."""
    return f"intake-{arguments[-1]}" if arguments[0] == "channel" else arguments[-1]


def mistakes(told: Mapping[str, str], kinds: Kinds) -> Iterator[str]:
    """What the process would say of this environment, and what it would pass over in silence."""
    known = {f"FRONTLINE_{field.name.upper()}" for _, kind in kinds for field in msgspec.structs.fields(kind)}
    for name in told:
        if name.startswith("FRONTLINE_") and name.removesuffix("_FILE") not in known and name not in known:
            yield f"{name} is no setting of it"
    with NamedTemporaryFile("w", suffix=".secret") as file:
        file.write("a-stand-in-that-is-long-enough")
        file.flush()
        try:
            environ = {name: file.name if value and name.endswith("_FILE") else value for name, value in told.items()}
            loaded = load_several(kinds, environ)
            runtime = loaded[RuntimeSettings]
            assert isinstance(runtime, RuntimeSettings)
            if StorageSettings not in loaded:  # a command, which has no use for the deployment secret
                needed(runtime)
        except SettingsError as error:
            yield from map(str, error.mistakes)


def _files(pods: Pods, container: Object, told: Mapping[str, str]) -> Iterator[Finding]:
    """Paths that are to be read or written lie on a volume: the image is read-only."""
    mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    for name, value in told.items():
        if value.startswith("/") and name.endswith(("_FILE", "_DIR", "_CONFIG")):
            folder = next((mount for mount in mounts if value == mount or value.startswith(f"{mount}/")), None)
            if folder is None:
                yield f"{pods.title}: {name} is {value}, where nothing is mounted"
            elif name.endswith("_FILE") and value not in projected(pods, container):
                yield f"{pods.title}: {name} is {value}, which no volume brings"


def projected(pods: Pods, container: Object) -> set[str]:
    """The files that Secrets bring into a container."""
    paths = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
    return {
        f"{paths[volume['name']]}/{item['path']}"
        for volume in pods.spec.get("volumes", [])
        if volume["name"] in paths
        for source in volume.get("projected", {}).get("sources", [])
        for item in source.get("secret", {}).get("items", [])
    }


def _ports(pods: Pods, told: Mapping[str, str]) -> Iterator[Finding]:
    """Each container port is one that the process is told to listen on, on all addresses."""
    told_ports = {name: int(value) for name, value in told.items() if name.endswith("_PORT") and value.isdigit()}
    for name, port in pods.ports().items():
        if port not in told_ports.values():
            yield f"{pods.title}: nothing listens on its port {name} ({port})"
    for name, port in told_ports.items():
        host = told.get(f"{name.removesuffix('_PORT')}_HOST", "127.0.0.1")
        if port in pods.ports().values() and host not in {"0.0.0.0", "::"}:
            yield f"{pods.title}: {name.removesuffix('_PORT')}_HOST is {host}: nobody outside the pod could reach it"
