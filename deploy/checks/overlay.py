"""All checks of one overlay."""

from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.checks import flows, lifecycle, references, safety, schema, selectors, server, settings
from deploy.checks.manifest import Finding, Manifests, title

OBJECT_CHECKS: tuple[Callable[[Manifests], Iterator[Finding]], ...] = (
    references.check,
    selectors.check,
    lifecycle.check,
    safety.check,
    settings.check,
    server.check,
    flows.check,
)
KNOWN = frozenset(
    {
        "ConfigMap", "Deployment", "Job", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "Secret", "Service",
        "ServiceAccount", "StatefulSet",
    }
)  # fmt: skip


def is_production(manifests: Manifests) -> bool:
    """As the overlay itself says."""
    maps = manifests.of("ConfigMap")
    return any(each.get("data", {}).get("FRONTLINE_ENV") == "production" for each in maps)


def findings(manifests: Manifests, *, schemas: bool = True) -> Iterator[Finding]:
    """What is wrong with an overlay. Without `schemas` only what a schema can't see, which is quick."""
    yield from (f"{title(each)}: no check knows this kind" for each in manifests.objects if each["kind"] not in KNOWN)
    if schemas:
        yield from schema.check(manifests)
    for check in OBJECT_CHECKS:
        yield from check(manifests)
    if is_production(manifests):
        yield from lifecycle.check_production(manifests)


def overlays(deploy: Path) -> list[Path]:
    return sorted(path.parent for path in (deploy / "kubernetes/overlays").glob("*/kustomization.yaml"))
