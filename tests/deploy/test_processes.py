"""The part of `make check-deploy` that runs services finds what no look at the manifests could."""

from deploy.checks import process
from tests.deploy.overlays import at, container, overlay

ONLY = frozenset({"router"})


async def test_a_probe_on_a_path_that_the_service_does_not_have_is_found() -> None:
    manifests = overlay()
    container(manifests, "router")["startupProbe"]["httpGet"]["path"] = "/started"
    assert "startupProbe says 404" in " ".join(await process.findings(manifests, only=ONLY))


async def test_liveness_that_depends_on_nats_is_found() -> None:
    manifests = overlay()
    container(manifests, "router")["livenessProbe"]["httpGet"]["path"] = "/healthz/ready"
    assert "livenessProbe says 503 while NATS is away" in " ".join(await process.findings(manifests, only=ONLY))


async def test_readiness_that_does_not_depend_on_nats_is_found() -> None:
    manifests = overlay()
    container(manifests, "router")["readinessProbe"]["httpGet"]["path"] = "/healthz/started"
    assert "readinessProbe says 200 while NATS is away" in " ".join(await process.findings(manifests, only=ONLY))


async def test_a_right_that_a_service_lacks_is_found() -> None:
    manifests = overlay()
    data = at(manifests, "ConfigMap", "nats-config")["data"]
    data["users.conf"] = data["users.conf"].replace('"kv.LEASES.>"', "")
    assert 'Subscription Violation - Subject "kv.LEASES.support"' in " ".join(
        await process.findings(manifests, only=ONLY)
    )
