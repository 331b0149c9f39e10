"""A check that nobody has seen fail is not a check: each defect here is planted alone, and has to be found."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from deploy.checks import schema
from deploy.checks.manifest import Manifests
from deploy.checks.overlay import findings
from tests.deploy.overlays import at, container, overlay, pod

Spoil = Callable[[Manifests], Any]


def env(config: str, **told: str) -> Spoil:
    """Tell the processes something else; an empty value takes the key away."""

    def spoil(manifests: Manifests) -> None:
        data = at(manifests, "ConfigMap", config)["data"]
        data.update(told)
        for name, value in told.items():
            if not value:
                del data[name]

    return spoil


def text(config: str, file: str, old: str, new: str) -> Spoil:
    """Replace in a configuration file."""

    def spoil(manifests: Manifests) -> None:
        data = at(manifests, "ConfigMap", config)["data"]
        assert old in data[file]
        data[file] = data[file].replace(old, new)

    return spoil


def without(kind: str, name: str) -> Spoil:
    return lambda m: m.objects.remove(at(m, kind, name))


def grafted(kind: str, name: str, **spec: Any) -> Spoil:
    return lambda m: at(m, kind, name)["spec"].update(spec)


def in_pod(name: str, **spec: Any) -> Spoil:
    return lambda m: pod(m, name).update(spec)


def in_container(name: str, **fields: Any) -> Spoil:
    return lambda m: container(m, name).update(fields)


def guard(name: str, **context: Any) -> Spoil:
    return lambda m: container(m, name)["securityContext"].update(context)


def probe(name: str, which: str, **get: Any) -> Spoil:
    return lambda m: container(m, name)[which]["httpGet"].update(get)


def resources(name: str, part: str, **amounts: str) -> Spoil:
    return lambda m: container(m, name)["resources"][part].update(amounts)


def rule(policy: str, way: str, number: int, **fields: Any) -> Spoil:
    return lambda m: at(m, "NetworkPolicy", policy)["spec"][way][number].update(fields)


def drop_rule(policy: str, way: str, number: int) -> Spoil:
    return lambda m: at(m, "NetworkPolicy", policy)["spec"][way].pop(number)


def variable(name: str, which: str) -> Callable[[Manifests], Any]:
    """One entry of the list `env`."""
    return lambda m: next(each for each in container(m, name)["env"] if each["name"] == which)


def routes(old: str, new: str) -> Spoil:
    def spoil(manifests: Manifests) -> None:
        entry = variable("nats", "NATS_ROUTES")(manifests)
        assert old in entry["value"]
        entry["value"] = entry["value"].replace(old, new)

    return spoil


def _secret_literal(m: Manifests) -> None:
    entry = variable("nats", "NATS_PASSWORD_ROUTER")(m)
    del entry["valueFrom"]
    entry["value"] = "hunter2"


DEFECTS: dict[str, tuple[Spoil, str]] = {
    # References
    "a ConfigMap that is gone": (without("ConfigMap", "router-env"), "no ConfigMap"),
    "a Secret that nobody makes": (
        lambda m: pod(m, "router")["volumes"][0]["projected"]["sources"][0]["secret"].update(name="forntline-secret"),
        "no Secret forntline-secret",
    ),
    "a key that the Secret lacks": (
        lambda m: variable("nats", "NATS_PASSWORD_ROUTER")(m)["valueFrom"]["secretKeyRef"].update(key="roter"),
        "has no roter",
    ),
    "a whole Secret in the environment": (
        lambda m: container(m, "router")["envFrom"].append({"secretRef": {"name": "frontline-secret"}}),
        "whole Secret",
    ),
    "a whole Secret as a volume": (
        lambda m: pod(m, "router")["volumes"][0]["projected"]["sources"][1]["secret"].pop("items"),
        "not only what it needs",
    ),
    "an account that is gone": (without("ServiceAccount", "router"), "no ServiceAccount"),
    "another's account": (in_pod("router", serviceAccountName="nats"), "account of its own"),
    "a mount without a volume": (
        lambda m: container(m, "router")["volumeMounts"].append({"name": "cache", "mountPath": "/c"}),
        "no volume of it",
    ),
    "a volume that is mounted nowhere": (lambda m: container(m, "router")["volumeMounts"].pop(), "mounted nowhere"),
    "an object twice": (lambda m: m.objects.append(at(m, "Service", "router")), "is there 2 times"),
    "another namespace": (lambda m: at(m, "Service", "router")["metadata"].update(namespace="x"), "not made here"),
    "no headless Service": (lambda m: at(m, "Service", "nats-headless")["spec"].pop("clusterIP"), "no headless"),
    # Selectors and ports
    "a selector that misses its own pods": (
        grafted("Deployment", "router", selector={"matchLabels": {"app.kubernetes.io/name": "ruoter"}}),
        "its own pods",
    ),
    "a selector that takes others, too": (
        grafted("Deployment", "router", selector={"matchLabels": {"frontline.dev/nats-client": "true"}}),
        "takes the pods of",
    ),
    "a Service that leads nowhere": (
        grafted("Service", "router", selector={"app.kubernetes.io/name": "ruoter"}),
        "leads to 0",
    ),
    "a Service's port that is not there": (
        lambda m: at(m, "Service", "router")["spec"]["ports"][0].update(targetPort="htpp"),
        "has no port htpp",
    ),
    "a port's name that is too long": (
        lambda m: container(m, "router")["ports"][0].update(name="http-for-the-agents"),
        "can't be named",
    ),
    "a label that is none": (
        lambda m: at(m, "Service", "router")["metadata"]["labels"].update(x="not a label!"),
        "has the value",
    ),
    "a load balancer that hides the sender": (
        grafted("Service", "intake-email", externalTrafficPolicy="Cluster"),
        "hides who sends",
    ),
    "a budget for nobody": (
        grafted("PodDisruptionBudget", "router", selector={"matchLabels": {"app.kubernetes.io/name": "ruoter"}}),
        "takes 0 kinds",
    ),
    "a budget of none": (grafted("PodDisruptionBudget", "router", maxUnavailable=0), "has to be 1"),
    "a budget that costs the quorum": (grafted("PodDisruptionBudget", "nats", maxUnavailable=2), "has to be 1"),
    "no budget": (without("PodDisruptionBudget", "intake-email"), "no PodDisruptionBudget"),
    "a budget that holds up sick pods": (
        lambda m: at(m, "PodDisruptionBudget", "router")["spec"].pop("unhealthyPodEvictionPolicy"),
        "emptying of its node",
    ),
    "a spread that counts others": (
        lambda m: pod(m, "router")["topologySpreadConstraints"][0].update(
            labelSelector={"matchLabels": {"app.kubernetes.io/name": "x"}}
        ),
        "its own pods",
    ),
    "all on one node": (in_pod("nats", topologySpreadConstraints=[]), "over nodes"),
    # Starting, probing, ending
    "no startup probe": (lambda m: container(m, "router").pop("startupProbe"), "has no startupProbe"),
    "no readiness probe": (lambda m: container(m, "router").pop("readinessProbe"), "has no readinessProbe"),
    "no liveness probe": (lambda m: container(m, "router").pop("livenessProbe"), "has no livenessProbe"),
    "liveness that depends on NATS": (probe("router", "livenessProbe", path="/healthz/ready"), "livenessProbe asks"),
    "readiness that is liveness": (probe("router", "readinessProbe", path="/healthz/live"), "readinessProbe asks"),
    "a probe of no port": (probe("router", "livenessProbe", port="opps"), "does not have"),
    "a probe where customers are": (probe("intake-email", "livenessProbe", port="smtp"), "customers are served"),
    "no time to start": (lambda m: container(m, "router")["startupProbe"].update(failureThreshold=2), "to start"),
    "NATS that starts only when all is well": (probe("nats", "startupProbe", path="/healthz"), "startupProbe asks"),
    "too little grace": (in_pod("router", terminationGracePeriodSeconds=30), "35 are needed"),
    "too little grace for NATS": (in_pod("nats", terminationGracePeriodSeconds=40), "45 are needed"),
    "a longer drain": (env("router-env", FRONTLINE_DRAIN_SECONDS="60"), "are needed to leave in order"),
    "no drain": (env("router-env", FRONTLINE_DRAIN_SECONDS=""), "is not set"),
    "a grace beyond the drain": (env("intake-email-env", FRONTLINE_SMTP_GRACE="90"), "no less than"),
    "no preStop": (lambda m: container(m, "router").pop("lifecycle"), "without a preStop hook"),
    "a roll-out that takes first": (
        grafted("Deployment", "router", strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}),
        "brings? the new pod|bring the new pod",
    ),
    "NATS one by one": (lambda m: at(m, "StatefulSet", "nats")["spec"].pop("podManagementPolicy"), "quorum"),
    "two that ring": (grafted("Deployment", "intake-phone-ringer", replicas=2), "one of it at a time"),
    "two that ring for the while of a roll-out": (
        grafted("Deployment", "intake-phone-ringer", strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}),
        "one of it at a time",
    ),
    "a Job that stays": (lambda m: at(m, "Job", "provision")["spec"].pop("ttlSecondsAfterFinished"), "stays for ever"),
    "one replica in production": (grafted("Deployment", "router", replicas=1), "is none when it leaves"),
    "two servers of NATS in production": (grafted("StatefulSet", "nats", replicas=2), "is none when it leaves"),
    # What a pod may do and take
    "a namespace that lets everything in": (
        lambda m: at(m, "Namespace", "frontline")["metadata"]["labels"].pop("pod-security.kubernetes.io/enforce"),
        "enforce restricted",
    ),
    "root": (lambda m: pod(m, "router")["securityContext"].pop("runAsNonRoot"), "may run as root"),
    "no seccomp": (lambda m: pod(m, "router")["securityContext"].pop("seccompProfile"), "no seccomp"),
    "the node's network": (in_pod("router", hostNetwork=True), "hostNetwork"),
    "a path of the node": (
        lambda m: pod(m, "router")["volumes"][-1].update(hostPath={"path": "/"}),
        "path of the node",
    ),
    "a token of the API server": (in_pod("router", automountServiceAccountToken=True), "token of the API server"),
    "all Services in the environment": (lambda m: pod(m, "router").pop("enableServiceLinks"), "every Service"),
    "escalation": (guard("router", allowPrivilegeEscalation=True), "gain privileges"),
    "a writable image": (guard("router", readOnlyRootFilesystem=False), "write to its image"),
    "a capability": (guard("intake-email", capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}), "capabilities"),
    "a disk without a limit": (
        lambda m: next(v for v in pod(m, "router")["volumes"] if v["name"] == "index")["emptyDir"].clear(),
        "has no limit",
    ),
    "a quantity that is none": (resources("router", "limits", memory="1GB"), "is no quantity"),
    "no limit on memory": (lambda m: container(m, "router")["resources"].pop("limits"), "a limit on memory"),
    "memory on credit": (resources("router", "limits", memory="2Gi"), "first to go"),
    "NATS that is not guaranteed": (resources("nats", "requests", cpu="1"), "Guaranteed"),
    "a heap larger than the pod": (lambda m: variable("nats", "GOMEMLIMIT")(m).update(value="4096MiB"), "GOMEMLIMIT"),
    "a heap in the wrong unit": (lambda m: variable("nats", "GOMEMLIMIT")(m).update(value="1600Mi"), "GOMEMLIMIT"),
    "the latest image": (in_container("router", image="registry.frontline.example/frontline:latest"), "tomorrow"),
    "an image without a tag": (in_container("router", image="registry.frontline.example:5000/frontline"), "tomorrow"),
    "a password for all to read": (_secret_literal, "for everybody to read"),
    "a secret in a ConfigMap": (env("router-env", FRONTLINE_SECRET="known-to-everybody"), "for everybody to read"),
    # What processes are told
    "a setting that there is not": (env("router-env", FRONTLINE_ROUTER_PROT="8080"), "no setting of it"),
    "a setting that is nonsense": (env("router-env", FRONTLINE_ROUTER_PORT="http"), "FRONTLINE_ROUTER_PORT"),
    "another channel's setting": (env("router-env", FRONTLINE_SMTP_PORT="2525"), "no setting of it"),
    "mail that goes nowhere in production": (env("intake-email-env", FRONTLINE_SMTP_RELAY=""), "must be set in production"),
    "no secret": (env("router-env", FRONTLINE_SECRET_FILE=""), "FRONTLINE_SECRET"),
    "no NATS": (env("frontline-env", FRONTLINE_NATS_URL=""), "FRONTLINE_NATS_URL"),
    "another's NATS user": (env("intake-email-env", FRONTLINE_NATS_USER="router"), "not itself"),
    "a port where nobody listens": (env("router-env", FRONTLINE_ROUTER_PORT="8000"), "nothing listens"),
    "a listener for itself only": (env("router-env", FRONTLINE_ROUTER_HOST="127.0.0.1"), "outside the pod"),
    "probes for itself only": (env("frontline-env", FRONTLINE_OPS_HOST=""), "outside the pod"),
    "a secret where nothing is": (env("router-env", FRONTLINE_SECRET_FILE="/run/secrets/x"), "where nothing is mounted"),
    "a secret that no volume brings": (
        env("router-env", FRONTLINE_SECRET_FILE="/run/secrets/frontline/key"),
        "which no volume brings",
    ),
    "an index in the image": (env("router-env", FRONTLINE_INDEX_DIR="/srv/index"), "where nothing is mounted"),
    # NATS
    "a time that is a number": (
        text("nats-config", "nats.conf", 'lame_duck_duration: "30s"', "lame_duck_duration: 30m0"),
        "lame_duck",
    ),
    "a brace too few": (text("nats-config", "nats.conf", "jetstream {", "jetstream"), "StatefulSet/nats"),
    "a route to nobody": (routes("nats-2.nats-headless", "nats-3.nats-headless"), "its routes are"),
    "a route by the wrong Service": (routes("nats-2.nats-headless", "nats-2.nats"), "no server is"),
    "a route to the wrong port": (routes("nats-headless:6222", "nats-headless:6223"), "no server is"),
    "a route without its password": (routes("route:$(NATS_PASSWORD_ROUTE)@", ""), "its routes are"),
    "a volume smaller than its use": (text("nats-config", "nats.conf", "80G", "110G"), "90 % of its volume"),
    "streams larger than the room": (text("nats-config", "nats.conf", "80G", "20G"), "more than max_file_store"),
    "no bound on the disk": (text("nats-config", "nats.conf", "max_file_store: 80G", ""), "is not set"),
    "a user with more rights": (
        text("nats-config", "users.conf", '"kv.DIRECTORY.>"', '"kv.DIRECTORY.>"\n        ">"'),
        "not what deploy.nats.users makes",
    ),
    "a desk without users": (text("frontline-desks", "desks.toml", 'id = "support"\nname = "Support"\n\n[[desk.inbox]]\nchannel = "email"', 'id = "sales"\nname = "Sales"\n\n[[desk.inbox]]\nchannel = "email"'), "not what deploy.nats.users makes"),
    "a user without a password": (lambda m: container(m, "nats")["env"].pop(), "not in its environment|can not be found"),
    "more copies than servers": (env("provision-env", FRONTLINE_REPLICAS="5"), "on 3 servers"),
    # Who may talk to whom
    "nothing denied": (without("NetworkPolicy", "default-deny"), "nothing denies"),
    "a client that is not let in": (
        lambda m: at(m, "Deployment", "router")["spec"]["template"]["metadata"]["labels"].pop("frontline.dev/nats-client"),
        "router to nats:4222 does not get through",
    ),
    "no way out to NATS": (drop_rule("router", "egress", 0), "router to nats:4222 does not get through"),
    "no names": (without("NetworkPolicy", "allow-dns"), "dns:53 does not get through"),
    "a relay that can't be reached": (drop_rule("intake-email", "egress", 1), "relay:587 does not get through"),
    "no mail from the world": (
        rule("intake-email", "ingress", 0, ports=[{"port": "stmp"}]),
        "world to intake-email:2525 does not get through",
    ),
    "a router open to the world": (drop_rule("router", "ingress", 0), "gateway to router:8080 does not get through"),
    "an API for everybody": (rule("router", "ingress", 0, **{"from": []}), "world to router:8080 gets through"),
    "metrics for everybody": (rule("router", "ingress", 1, **{"from": []}), "world to router:9090 gets through"),
    "NATS for every namespace": (
        rule("nats", "ingress", 0, **{"from": [{"namespaceSelector": {}}]}),
        "stranger to nats:4222 gets through",
    ),
    "the monitor port for everybody": (rule("nats", "ingress", 2, **{"from": []}), "nats:8222 gets through"),
    "servers that do not meet": (drop_rule("nats", "egress", 0), "nats to nats:6222 does not get through"),
    "an intake that reaches the web": (drop_rule("intake-email", "egress", 1), "relay:25 does not get through"),
    "a phone intake that reaches the inside": (
        rule("intake-phone", "egress", 1, to=[{"ipBlock": {"cidr": "0.0.0.0/0"}}]),
        "intake-phone to private:443 gets through",
    ),
    "an intake that reaches the router": (
        lambda m: (at(m, "NetworkPolicy", "intake-chat")["spec"]["egress"].append({}), rule("router", "ingress", 0, **{"from": []})(m)),
        "intake-chat to router:8080 gets through",
    ),
    "a policy for nobody": (
        grafted("NetworkPolicy", "router", podSelector={"matchLabels": {"app.kubernetes.io/name": "ruoter"}}),
        "takes no pods",
    ),
    # Anything else
    "a kind that no check knows": (
        lambda m: m.objects.append({"kind": "Ingress", "metadata": {"name": "x", "namespace": "frontline"}}),
        "no check knows this kind",
    ),
}  # fmt: skip


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(defect: str) -> None:
    spoil, words = DEFECTS[defect]
    manifests = overlay()
    spoil(manifests)
    found = list(findings(manifests, schemas=False))
    assert any(re.search(words, finding) for finding in found), found


SCHEMA_DEFECTS: dict[str, Spoil] = {
    "a field that there is not": grafted("Deployment", "router", replica=2),
    "a text for a number": grafted("Deployment", "router", replicas="2"),
    "a field that is missing": lambda m: at(m, "Deployment", "router")["spec"].pop("selector"),
    "a field of the wrong place": in_pod("router", readinessProbe={"httpGet": {"path": "/", "port": 1}}),
    "a kind without a schema": lambda m: m.objects.append(
        {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "x"}}
    ),
}


@pytest.mark.parametrize("defect", SCHEMA_DEFECTS)
def test_a_defect_against_the_schema_is_found(defect: str) -> None:
    manifests = overlay()
    SCHEMA_DEFECTS[defect](manifests)
    assert list(
        schema.check(Manifests([each for each in manifests.objects if each["metadata"]["name"] in {"router", "x"}]))
    )


def test_a_field_that_came_later_than_the_oldest_kubernetes_is_found() -> None:
    manifests = overlay()
    pod(manifests, "router")["resources"] = {"limits": {"memory": "1Gi"}}
    [router] = [each for each in manifests.of("Deployment") if each["metadata"]["name"] == "router"]
    assert list(schema.check(Manifests([router]), (schema.OLDEST,)))
    assert not list(schema.check(Manifests([router]), (schema.NEWEST,)))


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_overlay_as_it_is_has_nothing_wrong_with_it(name: str) -> None:
    assert list(findings(overlay(name))) == []
