"""The objects of one overlay, and the few views of them that all checks need."""

import base64
import re
import subprocess
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
EXAMPLE = "example.frontline.dev/"
"""Annotations with this prefix say what a secret that the operator brings may look like."""
Finding = str
"""`Kind/name: what is wrong`."""

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?\Z")
_FACTORS = {None: 1.0, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_FACTORS |= {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}


@dataclass(frozen=True, slots=True)
class Pods:
    """What a Deployment, StatefulSet or Job runs."""

    owner: Object
    template: Object

    @property
    def name(self) -> str:
        return str(self.owner["metadata"]["name"])

    @property
    def title(self) -> str:
        return title(self.owner)

    @property
    def labels(self) -> Mapping[str, str]:
        labels: Mapping[str, str] = self.template.get("metadata", {}).get("labels", {})
        return labels

    @property
    def spec(self) -> Object:
        spec: Object = self.template["spec"]
        return spec

    @property
    def lasting(self) -> bool:
        """Whether it is to run for ever, and so to be probed, drained and protected."""
        return bool(self.owner["kind"] != "Job")

    @property
    def replicas(self) -> int:
        return int(self.owner["spec"].get("replicas", 1))

    @property
    def containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", []), *self.spec["containers"]]

    def ports(self) -> dict[str, int]:
        """Name -> number of every container port."""
        return {
            port.get("name", str(port["containerPort"])): int(port["containerPort"])
            for container in self.containers
            for port in container.get("ports", [])
        }

    def port(self, wanted: str | int) -> int | None:
        """The number behind a port's name or number, `None` when no container has it."""
        ports = self.ports()
        if isinstance(wanted, str):
            return ports.get(wanted)
        return wanted if wanted in ports.values() else None


class Manifests:
    """All objects of an overlay."""

    def __init__(self, objects: list[Object]) -> None:
        self.objects = objects

    def of(self, *kinds: str) -> list[Object]:
        return [each for each in self.objects if each["kind"] in kinds]

    def named(self, kind: str, name: str) -> Object | None:
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def pods(self) -> list[Pods]:
        return [Pods(each, each["spec"]["template"]) for each in self.of("Deployment", "StatefulSet", "Job")]

    def secret(self, name: str, key: str) -> str | None:
        """What a Secret holds, if it is in this overlay; else what a manifest says that it may look like."""
        data = (self.named("Secret", name) or {}).get("data", {})
        if key in data:
            return base64.b64decode(data[key]).decode()
        examples = [each["metadata"].get("annotations", {}).get(EXAMPLE + key) for each in self.of("Deployment")]
        return next((example for example in examples if example), None)

    def environment(self, container: Object) -> dict[str, str]:
        """What a container is told by ConfigMaps and by value, as the kubelet would put it together."""
        told: dict[str, str] = {}
        for source in container.get("envFrom", []):
            config = self.named("ConfigMap", source.get("configMapRef", {}).get("name", ""))
            told |= (config or {}).get("data", {})
        return told | {each["name"]: each["value"] for each in container.get("env", []) if "value" in each}


def title(each: Object) -> str:
    return f"{each['kind']}/{each['metadata']['name']}"


def chosen_by(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (an empty one takes all, none at all takes nothing) takes these labels."""
    if selector is None:
        return False
    for rule in selector.get("matchExpressions", []):
        value, operator = labels.get(rule["key"]), rule["operator"]
        fits = {
            "In": value in rule.get("values", []),
            "NotIn": value not in rule.get("values", []),
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }
        if not fits[operator]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def quantity(text: object) -> float | None:
    """A resource quantity as a number, `None` for what the API server would refuse."""
    match = _QUANTITY.match(str(text))
    return float(match[1]) * _FACTORS[match[2]] if match else None


def program(name: str) -> str:
    """A program of this environment. `FileNotFoundError` says what installs it."""
    path = Path(sysconfig.get_path("scripts")) / name
    if not path.exists():
        raise FileNotFoundError(f"there is no {name}: make setup")
    return str(path)


def build(overlay: Path) -> Manifests:
    """What kustomize makes of a folder. `ValueError` with its words when it can't."""
    done = subprocess.run(  # noqa: S603 - a program of our own environment
        [program("kubectl"), "kustomize", str(overlay)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(done.stderr.strip())
    return Manifests(list(_objects(done.stdout)))


def _objects(text: str) -> Iterator[Object]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for each in yaml.load_all(text, loader):
        if each:
            yield each
