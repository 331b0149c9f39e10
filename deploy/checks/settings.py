"""What a container's environment says, read by the code that will read it in the pod."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from deploy.checks.manifest import Finding, Manifests, Object, Pods
from frontline.contract.error import SettingsError
from frontline.contract.secret import Secret
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.host import HostSettings
from frontline.runtime.service import needed
from frontline.runtime.settings import RuntimeSettings, load_several
from frontline.supervisor.storage import StorageSettings

Kinds = list[tuple[str, type[msgspec.Struct]]]
STAND_IN = "a-stand-in-that-is-long-enough"
_NOTHING: Mapping[str, str] = {}


def check(manifests: Manifests) -> Iterator[Finding]:
    for pods in manifests.pods():
        for container in pods.containers:
            try:
                kinds = read_by(container.get("args", []))
            except LookupError as error:
                yield f"{pods.title}: {error}"
                continue
            if kinds is not None:
                told = manifests.environment(container)
                brought = {path: text for path, text in projected(manifests, pods, container).items() if text}
                yield from (f"{pods.title}: {what}" for what in mistakes(told, kinds, brought))
                yield from _files(manifests, pods, container, told)
                yield from _ports(pods, told)
                if told.get("FRONTLINE_NATS_USER") != user_of(container["args"]):
                    yield f"{pods.title}: is NATS user {told.get('FRONTLINE_NATS_USER')}, not itself"


def read_by(arguments: list[str]) -> Kinds | None:
    """The settings that a `frontline` command with these arguments reads; `None` for another program."""
    common: Kinds = [("runtime", RuntimeSettings)]
    match arguments:
        case ["channel", "run", name]:
            own = (f"channel.{name}", settings_of(name))
            return [*common, ("host", HostSettings), ("delivery", DeliverySettings), own]
        case ["service", "run", "router"]:
            from router.service import RouterSettings

            return [*common, ("router", RouterSettings)]
        case ["nats", "provision"]:
            return [*common, ("storage", StorageSettings)]
    return None


def settings_of(channel: str) -> type[msgspec.Struct]:
    """The settings of the plug-in that is installed under this name. Raises `LookupError`."""
    found = list(entry_points(group="frontline.channels", name=channel))
    if not found:
        raise LookupError(f"no channel {channel} is installed")
    plugin: Any = found[0].load()
    settings: type[msgspec.Struct] = plugin.Settings
    return settings


def secret_settings(channel: str) -> list[str]:
    """Those without a default that are a `Secret`, or several."""
    return [
        each.name for each in msgspec.structs.fields(settings_of(channel)) if each.required and _is_secret(each.type)
    ]


def _is_secret(kind: Any) -> bool:
    described = msgspec.inspect.type_info(kind)
    if isinstance(described, msgspec.inspect.VarTupleType):
        described = described.item_type
    return isinstance(described, msgspec.inspect.CustomType) and described.cls is Secret


def user_of(arguments: list[str]) -> str:
    """The NATS user that a `frontline` command has to be."""
    return f"intake-{arguments[-1]}" if arguments[0] == "channel" else arguments[-1]


def mistakes(told: Mapping[str, str], kinds: Kinds, brought: Mapping[str, str] = _NOTHING) -> Iterator[str]:
    """What the process would say of this environment, and what it would pass over in silence. `brought` is what
    stands in files that a `_FILE` names; any other has a stand-in.
    """
    known = {f"FRONTLINE_{field.name.upper()}" for _, kind in kinds for field in msgspec.structs.fields(kind)}
    for name in told:
        if name.startswith("FRONTLINE_") and name.removesuffix("_FILE") not in known and name not in known:
            yield f"{name} is no setting of it"
    with TemporaryDirectory(prefix="frontline-secrets-") as folder:
        environ = dict(told)
        for name, value in told.items():
            if value and name.endswith("_FILE"):
                environ[name] = f"{folder}/{name}"
                Path(environ[name]).write_text(brought.get(value, STAND_IN), encoding="utf-8")
        try:
            loaded = load_several(kinds, environ)
            runtime = loaded[RuntimeSettings]
            assert isinstance(runtime, RuntimeSettings)
            if StorageSettings not in loaded:  # a command, which has no use for the deployment secret
                needed(runtime)
        except SettingsError as error:
            yield from map(str, error.mistakes)


def _files(manifests: Manifests, pods: Pods, container: Object, told: Mapping[str, str]) -> Iterator[Finding]:
    """Paths that are to be read or written lie on a volume: the image is read-only."""
    mounts = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
    for name, value in told.items():
        if value.startswith("/") and name.endswith(("_FILE", "_DIR", "_CONFIG")):
            folder = next((mount for mount in mounts if value == mount or value.startswith(f"{mount}/")), None)
            if folder is None:
                yield f"{pods.title}: {name} is {value}, where nothing is mounted"
            elif name.endswith("_FILE") and value not in projected(manifests, pods, container):
                yield f"{pods.title}: {name} is {value}, which no volume brings"


def projected(manifests: Manifests, pods: Pods, container: Object) -> dict[str, str | None]:
    """The files that Secrets bring into a container, with what stands in them as far as that can be known."""
    paths = {mount["name"]: mount["mountPath"] for mount in container.get("volumeMounts", [])}
    return {
        f"{paths[volume['name']]}/{item['path']}": manifests.secret(source["secret"]["name"], item["key"])
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
