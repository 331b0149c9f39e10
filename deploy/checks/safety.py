"""What a pod may do, how much it may take, and what image it runs."""

import re
from collections.abc import Iterator

from deploy.checks.manifest import Finding, Manifests, Object, Pods, quantity, title

_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY", re.IGNORECASE)
_GO_MEMORY = re.compile(r"(\d+)MiB\Z")
_LEVELS = ("enforce", "audit", "warn")


def check(manifests: Manifests) -> Iterator[Finding]:
    for each in manifests.of("Namespace"):
        for level in _LEVELS:
            if each["metadata"].get("labels", {}).get(f"pod-security.kubernetes.io/{level}") != "restricted":
                yield f"{title(each)}: Pod Security does not {level} restricted"
    for each in manifests.of("ConfigMap"):
        yield from _plain(title(each), each.get("data", {}))
    for pods in manifests.pods():
        yield from _pod(pods)
        for container in pods.containers:
            yield from _container(pods, container)
            yield from _resources(pods, container)
            yield from _image(pods, container)
            literal = {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}
            yield from _plain(pods.title, literal)


def _plain(where: str, told: dict[str, str]) -> Iterator[Finding]:
    for name, value in told.items():
        if name.isupper() and _SECRET.search(name) and value and not name.endswith("_FILE"):
            yield f"{where}: {name} stands there for everybody to read"


def _pod(pods: Pods) -> Iterator[Finding]:
    spec, context = pods.spec, pods.spec.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            yield f"{pods.title}: {name}"
    if spec.get("automountServiceAccountToken") is not False:
        yield f"{pods.title}: holds a token of the API server, which it has no use for"
    if spec.get("enableServiceLinks") is not False:
        yield f"{pods.title}: is told of every Service in its environment"
    if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
        yield f"{pods.title}: may run as root"
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield f"{pods.title}: has no seccomp profile"
    for volume in spec.get("volumes", []):
        if "hostPath" in volume:
            yield f"{pods.title}: volume {volume['name']} is a path of the node"
        if "emptyDir" in volume and quantity(volume["emptyDir"].get("sizeLimit")) is None:
            yield f"{pods.title}: volume {volume['name']} has no limit"


def _container(pods: Pods, container: Object) -> Iterator[Finding]:
    context = container.get("securityContext", {})
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{pods.title}: may gain privileges"
    if context.get("privileged"):
        yield f"{pods.title}: is privileged"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{pods.title}: may write to its image"
    if context.get("capabilities", {}).get("drop") != ["ALL"] or context.get("capabilities", {}).get("add"):
        yield f"{pods.title}: keeps capabilities"
    if context.get("runAsUser") == 0:
        yield f"{pods.title}: runs as root"


def _resources(pods: Pods, container: Object) -> Iterator[Finding]:
    resources = container.get("resources", {})
    for part in ("requests", "limits"):
        for name, amount in resources.get(part, {}).items():
            if quantity(amount) is None:
                yield f"{pods.title}: {amount!r} is no quantity of {name}"
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    if not {"cpu", "memory"} <= requests.keys() or "memory" not in limits:
        yield f"{pods.title}: has to ask for CPU and memory, and have a limit on memory"
    elif requests["memory"] != limits["memory"]:
        yield f"{pods.title}: asks for {requests['memory']} of memory and may take {limits['memory']}: it would be the first to go"
    if pods.name == "nats" and requests != limits:
        yield f"{pods.title}: NATS has to be Guaranteed: requests as limits"
    memory = [each["value"] for each in container.get("env", []) if each["name"] == "GOMEMLIMIT"]
    if pods.name == "nats":
        match, limit = _GO_MEMORY.match(memory[0] if memory else ""), quantity(limits.get("memory"))
        if match is None or limit is None or not 0.5 * limit <= int(match[1]) * 2**20 <= 0.9 * limit:
            yield f"{pods.title}: GOMEMLIMIT has to be 50 to 90 % of the memory limit, in MiB"


def _image(pods: Pods, container: Object) -> Iterator[Finding]:
    name, _, digest = container["image"].partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if not digest and tag in {"", "latest"}:
        yield f"{pods.title}: image {container['image']} may be another one tomorrow"
