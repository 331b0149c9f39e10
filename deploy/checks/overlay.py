"""All checks of one overlay."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.checks import flows, lifecycle, references, safety, schema, selectors, server, settings
from deploy.checks.manifest import Finding, Manifests, title
from deploy.nats.users import render, users
from frontline.configuration.load import load

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


def components(deploy: Path) -> list[str]:
    """The channels that an overlay may have on top of those in the base."""
    found = (deploy / "kubernetes/components").glob("intake-*/kustomization.yaml")
    return sorted(path.parent.name.removeprefix("intake-") for path in found)


def permits(deploy: Path) -> list[str]:
    """The components that let something through, and start nothing."""
    found = (deploy / "kubernetes/components").glob("*/kustomization.yaml")
    return sorted(path.parent.name for path in found if not path.parent.name.startswith("intake-"))


_INBOX = """
[[desk.inbox]]
channel = "{channel}"
id = "support"
name = "Support"
address = "support"
"""


def with_channel(deploy: Path, folder: Path, channel: str, overlay: str = "prod") -> Path:
    """An overlay of `deploy` that has this channel, too, in a copy below `folder`: done as
    docs/how-to/run-on-kubernetes.md tells an operator to do it.
    """
    made = with_component(deploy, folder, f"intake-{channel}", overlay)
    tree = folder / "kubernetes"
    desks = tree / "base/desks.toml"
    with desks.open("a", encoding="utf-8") as file:
        file.write(_INBOX.format(channel=channel))
    configuration = load(desks)
    wanted = users(configuration.channels, [desk.id for desk in configuration.desks])
    (tree / "base/nats/users.conf").write_text(render(wanted), encoding="utf-8")
    return made


def with_component(deploy: Path, folder: Path, component: str, overlay: str = "prod") -> Path:
    """An overlay of `deploy` that has this component, too, in a copy below `folder`."""
    made = folder / "kubernetes/overlays" / overlay
    shutil.copytree(deploy / "kubernetes", folder / "kubernetes")
    with (made / "kustomization.yaml").open("a", encoding="utf-8") as file:
        file.write(f"components: [../../components/{component}]\n")
    return made
