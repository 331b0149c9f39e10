"""Types, required and unknown fields, against the API of the oldest and the newest Kubernetes we know."""

from collections.abc import Iterator

import kubernetes_validate

from deploy.checks.manifest import Finding, Manifests, title

OLDEST = "1.30"
"""The first in which `preStop.sleep` is on by default (KEP-3960)."""
NEWEST = "1.37"


def check(manifests: Manifests, versions: tuple[str, ...] = (OLDEST, NEWEST)) -> Iterator[Finding]:
    """A kind without a schema is a finding, too."""
    for each in manifests.objects:
        for version in versions:
            try:
                kubernetes_validate.validate(each, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                where = ".".join(str(part) for part in error.path)
                yield f"{title(each)}: {where}: {error.message[:200]} (Kubernetes {version})"
            except kubernetes_validate.SchemaNotFoundError:
                yield f"{title(each)}: no schema for it is known (Kubernetes {version})"
