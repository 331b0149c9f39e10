"""`python -m deploy.checks`: whether what we deploy is sound, as far as that can be seen without a cluster.

python -m deploy.checks                      all overlays here, each component with them, every file of deploy/
python -m deploy.checks path/to/an/overlay   one of your own
python -m deploy.checks --channel telegram   production with the component of a channel
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from deploy.checks import files, process
from deploy.checks.manifest import Finding, Manifests, build
from deploy.checks.overlay import (
    components,
    findings,
    is_production,
    overlays,
    permits,
    with_channel,
    with_component,
)

DEPLOY = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each check and each finding; gives 1 when there is any."""
    parser = argparse.ArgumentParser(prog="python -m deploy.checks", description="Checks of what we deploy.")
    parser.add_argument("overlay", nargs="*", type=Path, help="of your own; without any, all that are here")
    parser.add_argument(
        "--channel", action="append", help="production with the component of this channel, nothing else"
    )
    given = parser.parse_args(arguments)
    everything = not (given.overlay or given.channel)
    bad = 0
    for overlay in overlays(DEPLOY) if everything else given.overlay:
        bad += _looked_at(overlay.name, overlay)
    for channel in components(DEPLOY) if everything else given.channel or []:
        with tempfile.TemporaryDirectory(prefix="frontline-component-") as folder:
            overlay = with_channel(DEPLOY, Path(folder), channel)
            bad += _looked_at(
                f"{overlay.name} with {channel}", overlay, only=frozenset({"router", f"intake-{channel}"})
            )
    for component in permits(DEPLOY) if everything else []:
        with tempfile.TemporaryDirectory(prefix="frontline-component-") as folder:
            bad += _as_written(f"prod with {component}", with_component(DEPLOY, Path(folder), component))[0]
    if everything:
        bad += _told("Dockerfile, scripts, YAML", lambda: files.check(DEPLOY))
    return 1 if bad else 0


def _looked_at(name: str, overlay: Path, *, only: frozenset[str] = frozenset()) -> int:
    """All checks of one overlay. Of its services, `only` these are started, if any are named."""
    bad, manifests = _as_written(name, overlay)
    if manifests is not None and is_production(manifests):
        bad += _told(
            f"{name}: {' and '.join(sorted(only)) or 'services'} as processes, with NATS up, down and while they drain",
            lambda: asyncio.run(process.findings(manifests, only=only)),
        )
    return bad


def _as_written(name: str, overlay: Path) -> tuple[int, Manifests | None]:
    """The checks of one overlay's objects, which start nothing; `None` if there are none because it can't be built."""
    try:
        manifests = build(overlay)
    except ValueError as error:
        words = str(error)
        return _told(f"{name}: build", lambda: [words]), None
    bad = _told(
        f"{name}: {len(manifests.objects)} objects, schemas and all they name",
        lambda: findings(manifests),
    )
    return bad, manifests


def _told(what: str, look: Callable[[], Iterable[Finding]]) -> int:
    began = time.monotonic()
    found = list(look())
    print(f"{'not ok' if found else 'ok'}  {what}  ({time.monotonic() - began:.1f} s)", flush=True)  # noqa: T201
    for finding in found:
        print(f"        {finding}", flush=True)  # noqa: T201
    return len(found)


if __name__ == "__main__":
    sys.exit(main())
