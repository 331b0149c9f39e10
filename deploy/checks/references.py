"""Whatever an object names is there: ConfigMaps, Secrets and their keys, accounts, volumes; and nothing is there twice."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

from deploy.checks.manifest import Finding, Manifests, Object, Pods, title
from deploy.checks.settings import secret_settings

EXTERNAL: Mapping[str, frozenset[str]] = {
    "frontline-secret": frozenset({"secret"}),
    "twilio": frozenset({"account-sid", "auth-tokens"}),
}
"""Secrets that the operator makes, with their keys: docs/how-to/run-on-kubernetes.md says how."""
PASSWORDS = "nats-passwords"
_CHANNEL = "intake-"


def external(manifests: Manifests, name: str) -> frozenset[str] | None:
    """The keys of a Secret that the operator makes: a password for each NATS user, and what a channel's settings
    have no default for, each in a Secret named like its service. `None` for a name that nobody knows.
    """
    if name == PASSWORDS:
        texts = [each.get("data", {}).get("users.conf", "") for each in manifests.of("ConfigMap")]
        return frozenset({"route", *re.findall(r'user: "([\w-]+)"', "\n".join(texts))})
    if name not in EXTERNAL and name.startswith(_CHANNEL):
        with suppress(LookupError):
            return frozenset(each.replace("_", "-") for each in secret_settings(name.removeprefix(_CHANNEL)))
    return EXTERNAL.get(name)


def check(manifests: Manifests) -> Iterator[Finding]:
    names = Counter(
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in manifests.objects
    )
    yield from (f"{kind}/{name}: is there {count} times" for (kind, _, name), count in names.items() if count > 1)
    namespaces = {each["metadata"]["name"] for each in manifests.of("Namespace")}
    for each in manifests.objects:
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") not in namespaces:
            yield f"{title(each)}: is in a namespace that is not made here"
    for pods in manifests.pods():
        yield from _account(manifests, pods)
        yield from _volumes(manifests, pods)
        for container in pods.containers:
            yield from _environment(manifests, pods, container)
    for each in manifests.of("StatefulSet"):
        service = manifests.named("Service", each["spec"]["serviceName"])
        if service is None or service["spec"].get("clusterIP") != "None":
            yield f"{title(each)}: its serviceName {each['spec']['serviceName']} is no headless Service"


def _account(manifests: Manifests, pods: Pods) -> Iterator[Finding]:
    account = pods.spec.get("serviceAccountName", "default")
    if manifests.named("ServiceAccount", account) is None:
        yield f"{pods.title}: there is no ServiceAccount {account}"
    elif account != pods.name:
        yield f"{pods.title}: runs as {account}, not under an account of its own"


def _environment(manifests: Manifests, pods: Pods, container: Object) -> Iterator[Finding]:
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            yield from _map(manifests, pods, source["configMapRef"]["name"], [])
        if "secretRef" in source:
            yield f"{pods.title}: takes a whole Secret into its environment"
    for each in container.get("env", []):
        given = each.get("valueFrom", {})
        if ref := given.get("configMapKeyRef"):
            yield from _map(manifests, pods, ref["name"], [ref["key"]])
        if ref := given.get("secretKeyRef"):
            yield from _secret(manifests, pods, ref["name"], [ref["key"]])


def _volumes(manifests: Manifests, pods: Pods) -> Iterator[Finding]:
    volumes = {each["name"]: each for each in pods.spec.get("volumes", [])}
    claims = {each["metadata"]["name"] for each in pods.owner["spec"].get("volumeClaimTemplates", [])}
    mounted = {mount["name"] for container in pods.containers for mount in container.get("volumeMounts", [])}
    yield from (f"{pods.title}: mounts {name}, which is no volume of it" for name in mounted - volumes.keys() - claims)
    yield from (f"{pods.title}: volume {name} is mounted nowhere" for name in (volumes.keys() | claims) - mounted)
    for volume in volumes.values():
        for source in [volume, *volume.get("projected", {}).get("sources", [])]:
            if config := source.get("configMap"):
                yield from _map(manifests, pods, config["name"], [item["key"] for item in config.get("items", [])])
            if secret := source.get("secret"):
                name = secret.get("name", secret.get("secretName", ""))
                yield from _secret(manifests, pods, name, [item["key"] for item in secret.get("items", [])])
                if not secret.get("items"):
                    yield f"{pods.title}: mounts all of Secret {name}, not only what it needs"


def _map(manifests: Manifests, pods: Pods, name: str, keys: list[str]) -> Iterator[Finding]:
    config = manifests.named("ConfigMap", name)
    if config is None:
        yield f"{pods.title}: there is no ConfigMap {name}"
    else:
        yield from (f"{pods.title}: ConfigMap {name} has no {key}" for key in keys if key not in config.get("data", {}))


def _secret(manifests: Manifests, pods: Pods, name: str, keys: list[str]) -> Iterator[Finding]:
    """One of this overlay (with the hash that kustomize adds), else one that the operator makes."""
    secret = manifests.named("Secret", name)
    known = frozenset((secret or {}).get("data", {})) if secret else external(manifests, name)
    if known is None:
        yield f"{pods.title}: there is no Secret {name}, and the operator is not asked to make one"
    else:
        yield from (f"{pods.title}: Secret {name} has no {key}" for key in keys if key not in known)
