"""Overlays as they are built, once for each process, and copies of them to be spoilt."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.checks.manifest import EXAMPLE, Manifests, Object, build

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
INSTALL = "make setup"
ALL_USERS = DEPLOY / "kubernetes/overlays/dev/users.conf"
"""For development there is every channel that has a component."""


def examples() -> dict[str, str]:
    """The secrets that channels with a component ask for, as keys, with what each may look like."""
    found: dict[str, str] = {}
    for path in (DEPLOY / "kubernetes/components").glob("*/deployment.yaml"):
        told = yaml.safe_load(path.read_text())["metadata"].get("annotations", {})
        found |= {key.removeprefix(EXAMPLE): value for key, value in told.items()}
    return found


@cache
def _built(name: str) -> Manifests:
    try:
        return build(DEPLOY / "kubernetes/overlays" / name)
    except FileNotFoundError:
        pytest.skip(INSTALL)


def overlay(name: str = "prod") -> Manifests:
    """One that may be changed."""
    return Manifests(copy.deepcopy(_built(name).objects))


def at(manifests: Manifests, kind: str, name: str) -> Object:
    """An object by its kind and name; ConfigMaps without the hash that kustomize adds."""
    for each in manifests.of(kind):
        found = each["metadata"]["name"]
        if name in (found, found.rpartition("-")[0] if kind == "ConfigMap" else found):
            return each
    raise AssertionError(f"no {kind}/{name}")


def pod(manifests: Manifests, name: str) -> Any:
    """The pod spec of a Deployment, StatefulSet or Job."""
    [pods] = [pods for pods in manifests.pods() if pods.name == name]
    return pods.spec


def container(manifests: Manifests, name: str) -> Any:
    return pod(manifests, name)["containers"][0]
