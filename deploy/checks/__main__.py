"""`python -m deploy.checks`: whether what we deploy is sound, as far as that can be seen without a cluster.

python -m deploy.checks                      all overlays here, and every file of deploy/
python -m deploy.checks path/to/an/overlay   one of your own
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from deploy.checks import files, process
from deploy.checks.manifest import Finding, build
from deploy.checks.overlay import findings, is_production, overlays

DEPLOY = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each check and each finding; gives 1 when there is any."""
    given = [Path(each) for each in (sys.argv[1:] if arguments is None else arguments)]
    bad = 0
    for overlay in given or overlays(DEPLOY):
        try:
            manifests = build(overlay)
        except ValueError as error:
            bad += _told(f"{overlay.name}: build", lambda error=error: [str(error)])  # type: ignore[misc]
            continue
        bad += _told(
            f"{overlay.name}: {len(manifests.objects)} objects, schemas and all they name",
            lambda manifests=manifests: findings(manifests),  # type: ignore[misc]
        )
        if is_production(manifests):
            bad += _told(
                f"{overlay.name}: services as processes, with NATS up, down and while they drain",
                lambda manifests=manifests: asyncio.run(process.findings(manifests)),  # type: ignore[misc]
            )
    if not given:
        bad += _told("Dockerfile, scripts, YAML", lambda: files.check(DEPLOY))
    return 1 if bad else 0


def _told(what: str, look: Callable[[], Iterable[Finding]]) -> int:
    began = time.monotonic()
    found = list(look())
    print(f"{'not ok' if found else 'ok'}  {what}  ({time.monotonic() - began:.1f} s)", flush=True)  # noqa: T201
    for finding in found:
        print(f"        {finding}", flush=True)  # noqa: T201
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
