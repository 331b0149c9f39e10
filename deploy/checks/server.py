"""NATS as an overlay configures it: parsed by the server itself, and held against what stands around it."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from deploy.checks.manifest import Finding, Manifests, Object, Pods, quantity
from deploy.nats.users import render, users
from frontline.configuration.load import load_texts
from frontline.runtime.embedded import find_nats_server
from frontline.runtime.topology import MIB, Limits, Topology, topology

_ROUTE = re.compile(r'"nats://route:\$\(NATS_PASSWORD_ROUTE\)@(nats-\d+)\.([a-z-]+):(\d+)"')
_REFERENCE = re.compile(r"\$\((\w+)\)")
ROUTES = "NATS_ROUTES"
_SIZE = re.compile(r"^\s*max_file_store: (\d+)([MGT])\s*$", re.MULTILINE)
_UNITS = {"M": 10**6, "G": 10**9, "T": 10**12}


def check(manifests: Manifests) -> Iterator[Finding]:
    for pods in manifests.pods():
        if pods.name == "nats":
            config = config_of(manifests, pods)
            if config is None or not {"nats.conf", "users.conf"} <= config.keys():
                yield f"{pods.title}: has no nats.conf and users.conf"
                return
            yield from (f"{pods.title}: {what}" for what in parse(config, variables(pods)))
            yield from _users(manifests, pods, config["users.conf"])
            yield from _cluster(manifests, pods, config["nats.conf"])
            yield from _room(manifests, pods, config["nats.conf"])


def config_of(manifests: Manifests, pods: Pods) -> Mapping[str, str] | None:
    """The files of its configuration."""
    for volume in pods.spec.get("volumes", []):
        if volume["name"] == "config":
            config = manifests.named("ConfigMap", volume.get("configMap", {}).get("name", ""))
            return config and config.get("data", {})
    return None


def variables(pods: Pods) -> dict[str, str]:
    """What the server finds in its environment, with a password wherever there is to be one."""
    told: dict[str, str] = {}
    for each in pods.containers[0].get("env", []):
        # As the kubelet does it: by what stands above.
        told[each["name"]] = _REFERENCE.sub(
            lambda match: told.get(match[1], match[0]), each.get("value", password(each["name"]))
        )
    return told


def password(variable: str) -> str:
    """What stands in for the password in a variable of the server, and for that of its user."""
    return f"stand-in-for-{variable.removeprefix('NATS_PASSWORD_').lower().replace('_', '-')}"


def parse(config: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[str]:
    """What `nats-server -t` has to say against it."""
    with tempfile.TemporaryDirectory(prefix="frontline-conf-") as folder:
        for name, text in config.items():
            (Path(folder) / name).write_text(text.replace('"/data"', json.dumps(f"{folder}/data")), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - the binary of our own environment
            [str(find_nats_server()), "-t", "-c", f"{folder}/nats.conf"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.defpath, **environ},
        )
        if done.returncode:
            yield done.stderr.strip().replace(folder, "").removeprefix("nats-server: ")


def _users(manifests: Manifests, pods: Pods, found: str) -> Iterator[Finding]:
    """The users are those of the desks, and each has a password."""
    desks = _desks(manifests)
    if desks is None:
        yield f"{pods.title}: there are no desks to make users for"
        return
    configuration = load_texts([("desks.toml", desks.encode())])
    wanted = render(users(configuration.channels, [desk.id for desk in configuration.desks]))
    if found != wanted:
        yield f"{pods.title}: users.conf is not what deploy.nats.users makes of desks.toml"
    told = variables(pods)
    for name in sorted(set(re.findall(r"password: \$(\w+)", found)) - told.keys()):
        yield f"{pods.title}: {name} is not in its environment"


def _desks(manifests: Manifests) -> str | None:
    return next(
        (each["data"]["desks.toml"] for each in manifests.of("ConfigMap") if "desks.toml" in each.get("data", {})), None
    )


def _cluster(manifests: Manifests, pods: Pods, text: str) -> Iterator[Finding]:
    """Every server knows every other; one alone has no cluster to wait for."""
    alone = "\ncluster {" not in text
    given = [each.get("value", "") for each in pods.containers[0].get("env", []) if each["name"] == ROUTES]
    routes = [] if alone else _ROUTE.findall("".join(given))
    wanted = {f"{pods.name}-{number}" for number in range(pods.replicas)} if pods.replicas > 1 else set()
    if {name for name, _, _ in routes} != wanted:
        yield f"{pods.title}: its routes are to {sorted(name for name, _, _ in routes)}, and there are {sorted(wanted)}"
    for _, service, port in routes:
        if service != pods.owner["spec"]["serviceName"] or int(port) not in pods.ports().values():
            yield f"{pods.title}: a route leads to {service}:{port}, where no server is"
    for job in manifests.pods():
        if not job.lasting:
            told = manifests.environment(job.containers[0])
            if int(told.get("FRONTLINE_REPLICAS", "1")) > pods.replicas:
                yield f"{job.title}: wants {told['FRONTLINE_REPLICAS']} copies of each stream on {pods.replicas} servers"


def _room(manifests: Manifests, pods: Pods, text: str) -> Iterator[Finding]:
    """Streams fit into what the server may store, and that fits onto the volume."""
    match = _SIZE.search(text)
    if match is None:
        yield f"{pods.title}: max_file_store is not set: a full disk would be found out by filling it"
        return
    room = int(match[1]) * _UNITS[match[2]]
    for claim in pods.owner["spec"].get("volumeClaimTemplates", []):
        volume = quantity(claim["spec"]["resources"]["requests"]["storage"])
        if volume is None or room > 0.9 * volume:
            yield f"{pods.title}: max_file_store is {match[1]}{match[2]}, more than 90 % of its volume"
    for job in manifests.pods():
        if not job.lasting:
            aside = _set_aside(manifests, job.containers[0])
            if aside > room:
                yield f"{job.title}: the streams' limits come to {aside // MIB} MiB, more than max_file_store"


def _set_aside(manifests: Manifests, container: Object) -> int:
    told = manifests.environment(container)
    desks = _desks(manifests) or ""
    configuration = load_texts([("desks.toml", desks.encode())])
    given = {
        field: int(told[name]) * MIB
        for name, field in (
            ("FRONTLINE_INBOX_MIB", "inbox_bytes"),
            ("FRONTLINE_LOG_MIB", "log_bytes"),
            ("FRONTLINE_OUTBOX_MIB", "outbox_bytes"),
            ("FRONTLINE_OBJECT_MIB", "object_bytes"),
        )
        if told.get(name, "").isdigit()
    }
    wanted: Topology = topology(configuration.channels, [desk.id for desk in configuration.desks], Limits(**given))
    sizes = [each.max_bytes for each in wanted.streams] + [each.max_bytes for each in wanted.objects]
    return sum(size for size in sizes if size > 0)
