"""Selectors take the pods that they are meant for; Services lead to ports that are there."""

import re
from collections.abc import Iterator

from deploy.checks.manifest import Finding, Manifests, chosen_by, title

_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?\Z")
_PORT_NAME = re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?\Z")
NAME = "app.kubernetes.io/name"


def check(manifests: Manifests) -> Iterator[Finding]:
    yield from _labels(manifests)
    yield from _own_pods(manifests)
    yield from _services(manifests)
    yield from _budgets(manifests)
    yield from _spread(manifests)


def _labels(manifests: Manifests) -> Iterator[Finding]:
    for each in manifests.objects:
        template = each.get("spec", {}).get("template", {}).get("metadata", {}).get("labels", {})
        for key, value in {**each["metadata"].get("labels", {}), **template}.items():
            if not isinstance(value, str) or not _LABEL_VALUE.match(value):
                yield f"{title(each)}: label {key} has the value {value!r}"
    for pods in manifests.pods():
        for name in pods.ports():
            if not _PORT_NAME.match(name):
                yield f"{pods.title}: a port can't be named {name!r}"
        if pods.labels.get(NAME) != pods.name:
            yield f"{pods.title}: its pods are labelled {pods.labels.get(NAME)}"


def _own_pods(manifests: Manifests) -> Iterator[Finding]:
    for each in manifests.of("Deployment", "StatefulSet"):
        if not chosen_by(each["spec"]["selector"], each["spec"]["template"]["metadata"].get("labels", {})):
            yield f"{title(each)}: its selector does not take its own pods"
        for pods in manifests.pods():
            if pods.owner is not each and chosen_by(each["spec"]["selector"], pods.labels):
                yield f"{title(each)}: its selector takes the pods of {pods.title}, too"


def _services(manifests: Manifests) -> Iterator[Finding]:
    for each in manifests.of("Service"):
        behind = [
            pods for pods in manifests.pods() if chosen_by({"matchLabels": each["spec"]["selector"]}, pods.labels)
        ]
        if len(behind) != 1:
            yield f"{title(each)}: leads to {len(behind)} kinds of pods"
        for port in each["spec"]["ports"]:
            for pods in behind:
                if pods.port(port.get("targetPort", port["port"])) is None:
                    yield f"{title(each)}: {pods.title} has no port {port.get('targetPort', port['port'])}"
        if each["spec"].get("type") == "LoadBalancer" and each["spec"].get("externalTrafficPolicy") != "Local":
            yield f"{title(each)}: a load balancer without externalTrafficPolicy Local hides who sends"


def _budgets(manifests: Manifests) -> Iterator[Finding]:
    guarded = []
    for each in manifests.of("PodDisruptionBudget"):
        behind = [pods for pods in manifests.pods() if chosen_by(each["spec"].get("selector"), pods.labels)]
        guarded += behind
        if len(behind) != 1:
            yield f"{title(each)}: takes {len(behind)} kinds of pods"
        if each["spec"].get("maxUnavailable") != 1:
            yield f"{title(each)}: maxUnavailable has to be 1: none lets no node be emptied, more takes a quorum"
        if each["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{title(each)}: a pod that is not ready would hold up the emptying of its node"
    for pods in manifests.pods():
        if pods.lasting and all(pods.owner is not other.owner for other in guarded):
            yield f"{pods.title}: has no PodDisruptionBudget"


def _spread(manifests: Manifests) -> Iterator[Finding]:
    for pods in manifests.pods():
        constraints = pods.spec.get("topologySpreadConstraints", [])
        for constraint in constraints:
            if not chosen_by(constraint.get("labelSelector"), pods.labels):
                yield f"{pods.title}: a spread constraint does not count its own pods"
        if pods.lasting and "kubernetes.io/hostname" not in {each["topologyKey"] for each in constraints}:
            yield f"{pods.title}: nothing spreads its pods over nodes"
