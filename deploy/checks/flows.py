"""Who may talk to whom: all network policies of an overlay evaluated for what has to go through and what must not.

Semantics as in the reference of networking.k8s.io/v1: a pod that no policy of a direction takes is
open in it; otherwise one rule of one policy has to allow the flow. Both ends have to agree.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from deploy.checks.manifest import Finding, Manifests, Object, Pods, chosen_by, title

_NAMESPACE = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Place:
    """One end of a flow: a pod of ours, a pod in another namespace, or an address."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    namespace: dict[str, str] = field(default_factory=dict)
    address: str = ""
    pods: Pods | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    source: str
    target: str
    port: int
    wanted: bool = True


WORLD, RELAY, GATEWAY, MONITORING, DNS, STRANGER = "world", "relay", "gateway", "monitoring", "dns", "stranger"
PRIVATE = "private"
_OUTSIDE = (
    Place(WORLD, address="192.0.2.7"),
    Place(RELAY, address="198.51.100.25"),
    Place(PRIVATE, address="10.0.0.1"),
    Place(GATEWAY, namespace={_NAMESPACE: "gateway", "frontline.dev/gateway": "true"}),
    Place(MONITORING, namespace={_NAMESPACE: "monitoring"}),
    Place(DNS, labels={"k8s-app": "kube-dns"}, namespace={_NAMESPACE: "kube-system"}),
    Place(STRANGER, labels={"frontline.dev/nats-client": "true"}, namespace={_NAMESPACE: "default"}),
)
_CLIENTS = ("router", "intake-email", "intake-chat", "intake-phone", "intake-phone-ringer", "provision")
_SERVED = {"router": 8080, "intake-chat": 8081, "intake-phone": 8082}

_READS_MAILBOXES = "intake-email-mailboxes"
"""The policy of overlays that have the component `read-mailboxes`."""

FLOWS = (
    *(Flow(client, "nats", 4222) for client in _CLIENTS),
    *(Flow(client, "nats", port, wanted=False) for client in _CLIENTS for port in (6222, 8222)),
    *(Flow(client, DNS, 53) for client in (*_CLIENTS, "nats")),
    *(Flow(GATEWAY, served, port) for served, port in _SERVED.items()),
    *(Flow(MONITORING, watched, 9090) for watched in _CLIENTS if watched != "provision"),
    *(Flow(source, served, 9090, wanted=False) for served in _SERVED for source in (WORLD, GATEWAY, STRANGER)),
    *(Flow(source, served, port, wanted=False) for served, port in _SERVED.items() for source in (WORLD, STRANGER)),
    *(Flow(WORLD, "nats", port, wanted=False) for port in (4222, 6222, 8222)),
    *(Flow(STRANGER, "nats", port, wanted=False) for port in (4222, 8222)),
    Flow(MONITORING, "nats", 8222),
    Flow(MONITORING, "nats", 4222, wanted=False),
    Flow("nats", "nats", 6222),
    Flow("nats", WORLD, 443, wanted=False),
    Flow(WORLD, "intake-email", 2525),
    Flow(WORLD, "intake-email", 9090, wanted=False),
    Flow("intake-email", RELAY, 587),
    Flow("intake-email", RELAY, 465),
    Flow("intake-email", RELAY, 25),
    *(Flow(other, RELAY, port, wanted=False) for other in (*_SERVED, "nats") for port in (25, 143, 993)),
    Flow("intake-email", WORLD, 443, wanted=False),
    Flow("router", WORLD, 443, wanted=False),
    Flow("intake-chat", WORLD, 443, wanted=False),
    Flow("intake-phone", WORLD, 443),
    Flow("intake-phone-ringer", WORLD, 443),
    Flow("intake-phone", PRIVATE, 443, wanted=False),
    Flow(GATEWAY, "intake-phone-ringer", 8082, wanted=False),
    Flow("intake-email", "router", 8080, wanted=False),
    Flow("intake-chat", "router", 8080, wanted=False),
)
"""Both what has to be and what must not be; flows of services that an overlay does not have are passed over."""


def of_channel(pods: Pods) -> Iterator[Flow]:
    """What an intake that the table does not name has to reach and be reached by, and what it must not."""
    yield Flow(pods.name, "nats", 4222)
    yield Flow(pods.name, DNS, 53)
    yield from (Flow(pods.name, "nats", port, wanted=False) for port in (6222, 8222))
    yield Flow(MONITORING, pods.name, 9090)
    yield from (Flow(source, pods.name, 9090, wanted=False) for source in (WORLD, GATEWAY, STRANGER))
    if (port := pods.port("http")) is not None:
        yield Flow(GATEWAY, pods.name, port)
        yield from (Flow(source, pods.name, port, wanted=False) for source in (WORLD, STRANGER))
    yield Flow(pods.name, PRIVATE, 443, wanted=False)
    yield Flow(pods.name, RELAY, 25, wanted=False)
    yield Flow(pods.name, "router", 8080, wanted=False)


def check(manifests: Manifests) -> Iterator[Finding]:
    policies = manifests.of("NetworkPolicy")
    namespace = {_NAMESPACE: "frontline"}
    ours = {pods.name: Place(pods.name, dict(pods.labels), namespace, pods=pods) for pods in manifests.pods()}
    places = ours | {place.name: place for place in _OUTSIDE}
    known = {"nats", *_CLIENTS}
    channels = [flow for pods in manifests.pods() if pods.name not in known for flow in of_channel(pods)]
    reads = any(policy["metadata"]["name"] == _READS_MAILBOXES for policy in policies)
    mailboxes = [Flow("intake-email", RELAY, port, wanted=reads) for port in (143, 993)]
    for flow in (*FLOWS, *channels, *mailboxes):
        source, target = places.get(flow.source), places.get(flow.target)
        if source is None or target is None:
            continue
        if allowed(policies, source, target, flow.port) != flow.wanted:
            what = "does not get through" if flow.wanted else "gets through"
            yield f"NetworkPolicy: {flow.source} to {flow.target}:{flow.port} {what}"
    for policy in policies:
        if not any(chosen_by(policy["spec"]["podSelector"], place.labels) for place in ours.values()):
            yield f"{title(policy)}: takes no pods"
    if not any(policy["spec"]["podSelector"] == {} and not _rules(policy) for policy in policies):
        yield "NetworkPolicy: nothing denies what is not allowed"


def allowed(policies: list[Object], source: Place, target: Place, port: int) -> bool:
    """Whether both ends let the flow through."""
    out = _one_way(policies, "Egress", source, target, port, target)
    return out and _one_way(policies, "Ingress", target, source, port, target)


def _one_way(policies: list[Object], way: str, end: Place, other: Place, port: int, target: Place) -> bool:
    if end.pods is None:
        return True
    held = [
        policy["spec"]
        for policy in policies
        if way in policy["spec"]["policyTypes"] and chosen_by(policy["spec"]["podSelector"], end.labels)
    ]
    peers = {"Egress": "to", "Ingress": "from"}[way]
    return not held or any(
        _peers(rule.get(peers), other, end) and _ports(rule.get("ports"), port, target)
        for spec in held
        for rule in spec.get(way.lower(), [])
    )


def _rules(policy: Object) -> bool:
    return bool(policy["spec"].get("ingress") or policy["spec"].get("egress"))


def _peers(peers: list[Object] | None, other: Place, end: Place) -> bool:
    return not peers or any(_peer(peer, other, end) for peer in peers)


def _peer(peer: Object, other: Place, end: Place) -> bool:
    if block := peer.get("ipBlock"):
        if not other.address:
            return False
        address, net = ipaddress.ip_address(other.address), ipaddress.ip_network(block["cidr"])
        return address in net and not any(address in ipaddress.ip_network(each) for each in block.get("except", []))
    if other.address:
        return False
    if "namespaceSelector" in peer:
        if not chosen_by(peer["namespaceSelector"], other.namespace):
            return False
    elif other.namespace != end.namespace:
        return False
    return "podSelector" not in peer or chosen_by(peer["podSelector"], other.labels)


def _ports(ports: list[Object] | None, port: int, target: Place) -> bool:
    if not ports:
        return True
    for each in ports:
        wanted = each.get("port")
        number = target.pods.ports().get(wanted) if isinstance(wanted, str) and target.pods else wanted
        if number is None and wanted is None:
            return True
        if number == port:
            return True
    return False
