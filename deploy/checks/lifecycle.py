"""How pods start, are probed, give way and end."""

import re
from collections.abc import Iterator

from deploy.checks.manifest import Finding, Manifests, Object, Pods

ROOM_SECONDS = 5
PATHS = {"startupProbe": "/healthz/started", "readinessProbe": "/healthz/ready", "livenessProbe": "/healthz/live"}
NATS_PATHS = {
    # The plain path looks at every stream and consumer: one that is broken would keep a restarted server down.
    "startupProbe": "/healthz?js-server-only=true",
    "readinessProbe": "/healthz?js-server-only=true",
    "livenessProbe": "/healthz?js-enabled-only=true",
}
_LEAST_STARTUP_SECONDS = 30
ALONE = {"intake-phone-ringer": "an agent's phone would ring twice for one call"}


def check(manifests: Manifests) -> Iterator[Finding]:
    for pods in manifests.pods():
        if pods.lasting:
            for container in pods.spec["containers"]:
                yield from _probes(pods, container)
                yield from _grace(manifests, pods, container)
            yield from _roll(pods)
        else:
            yield from _job(pods)


def _probes(pods: Pods, container: Object) -> Iterator[Finding]:
    paths = NATS_PATHS if pods.name == "nats" else PATHS
    own = {port.get("name"): port["containerPort"] for port in container.get("ports", [])}
    for name, path in paths.items():
        probe = container.get(name)
        if probe is None:
            yield f"{pods.title}: has no {name}"
            continue
        get = probe.get("httpGet", {})
        if get.get("path") != path:
            yield f"{pods.title}: {name} asks {get.get('path')}, not {path}"
        if get.get("port") not in {*own, *own.values()}:
            yield f"{pods.title}: {name} asks port {get.get('port')}, which the container does not have"
        elif get.get("port") not in {"ops", "monitor", own.get("ops"), own.get("monitor")}:
            yield f"{pods.title}: {name} asks port {get.get('port')}, where customers are served"
    startup = container.get("startupProbe", {})
    if startup and startup.get("periodSeconds", 10) * startup.get("failureThreshold", 3) < _LEAST_STARTUP_SECONDS:
        yield f"{pods.title}: has less than {_LEAST_STARTUP_SECONDS} s to start"


def _grace(manifests: Manifests, pods: Pods, container: Object) -> Iterator[Finding]:
    hook = container.get("lifecycle", {}).get("preStop")
    if hook is None:
        yield f"{pods.title}: leaves without a preStop hook, while it is still being sent work"
        return
    before = int(hook.get("sleep", {}).get("seconds", 0))
    if pods.name == "nats":
        drain = _lame_duck(manifests)
    else:
        given = manifests.environment(container).get("FRONTLINE_DRAIN_SECONDS")
        if given is None:
            yield f"{pods.title}: FRONTLINE_DRAIN_SECONDS is not set"
            return
        drain = float(given)
        yield from _inner_grace(manifests, pods, container, drain)
    needed = before + drain + ROOM_SECONDS
    grace = pods.spec.get("terminationGracePeriodSeconds", 30)
    if grace < needed:
        yield f"{pods.title}: terminationGracePeriodSeconds is {grace}, and {needed:g} are needed to leave in order"


def _inner_grace(manifests: Manifests, pods: Pods, container: Object, drain: float) -> Iterator[Finding]:
    """A channel's own grace (`FRONTLINE_SMTP_GRACE`) lies within the drain of its process."""
    for name, value in manifests.environment(container).items():
        if re.fullmatch(r"FRONTLINE_\w+_GRACE", name) and float(value) >= drain:
            yield f"{pods.title}: {name} is {value}, no less than FRONTLINE_DRAIN_SECONDS"


def _lame_duck(manifests: Manifests) -> float:
    """How long a NATS server sends its clients away, by its configuration."""
    texts = [config.get("data", {}).get("nats.conf", "") for config in manifests.of("ConfigMap")]
    found = re.findall(r'^lame_duck_(?:duration|grace_period): "(\d+)s"', "\n".join(texts), re.MULTILINE)
    return float(sum(map(int, found)))


def _roll(pods: Pods) -> Iterator[Finding]:
    if pods.name in ALONE:
        if pods.replicas != 1 or pods.owner["spec"].get("strategy") != {"type": "Recreate"}:
            yield f"{pods.title}: there may be one of it at a time: {ALONE[pods.name]}"
        return
    rolling = pods.owner["spec"].get("strategy", {}).get("rollingUpdate", {})
    if pods.owner["kind"] == "Deployment" and (rolling.get("maxUnavailable"), rolling.get("maxSurge")) != (0, 1):
        yield f"{pods.title}: a roll-out has to bring the new pod (maxSurge 1) before it takes the old (maxUnavailable 0)"
    if pods.owner["kind"] == "StatefulSet" and pods.owner["spec"].get("podManagementPolicy") != "Parallel":
        yield f"{pods.title}: started one by one, the first would wait for a quorum that the others are to make"


def _job(pods: Pods) -> Iterator[Finding]:
    if pods.spec.get("restartPolicy") != "OnFailure":
        yield f"{pods.title}: restartPolicy has to be OnFailure"
    if "ttlSecondsAfterFinished" not in pods.owner["spec"]:
        yield f"{pods.title}: stays for ever, and can't be applied again"


def check_production(manifests: Manifests) -> Iterator[Finding]:
    """What one of each, on a developer's machine, need not be."""
    for pods in manifests.pods():
        if pods.lasting and pods.name not in ALONE and pods.replicas < (3 if pods.name == "nats" else 2):
            yield f"{pods.title}: {pods.replicas} in production is none when it leaves"
    if manifests.of("Secret"):
        yield "Secret: production's secrets do not stand in its manifests"
