"""Started, live, ready: what probes ask, and the port they and the metrics are served on."""

from collections.abc import Callable

import msgspec
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from frontline.runtime.metrics import Metrics

Check = Callable[[], str | None]
"""Gives the reason for not being ready, or `None`."""


class Health:
    """What is known of this process. Liveness is that the event loop answers, nothing else: a
    process must not be killed because NATS is away.
    """

    def __init__(self) -> None:
        self.started = False
        self.draining = False
        self._checks: dict[str, Check] = {}

    def check(self, name: str, check: Check) -> None:
        """Make readiness depend on `check`; the same name again replaces it."""
        self._checks[name] = check

    def forget(self, name: str) -> None:
        self._checks.pop(name, None)

    def unready(self) -> dict[str, str]:
        """Why this process should get no work now, by name; empty when it is ready."""
        reasons = {}
        if not self.started:
            reasons["service"] = "has not started"
        if self.draining:
            reasons["service"] = "is draining"
        for name, check in self._checks.items():
            reason = check()
            if reason is not None:
                reasons[name] = reason
        return reasons


class OpsServer:
    """`/healthz/started`, `/healthz/live`, `/healthz/ready`, `/metrics`."""

    def __init__(self, health: Health, metrics: Metrics) -> None:
        self._health = health
        self._metrics = metrics
        app = web.Application()
        app.router.add_get("/healthz/started", self._started)
        app.router.add_get("/healthz/live", self._live)
        app.router.add_get("/healthz/ready", self._ready)
        app.router.add_get("/metrics", self._figures)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)

    async def start(self, host: str, port: int) -> str:
        """Listen; gives `host:port` as it came out. `OSError` when the address can't be had."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0]
        return f"[{bound[0]}]:{bound[1]}" if ":" in bound[0] else f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _started(self, _: web.Request) -> web.Response:
        return _answer({}) if self._health.started else _answer({"service": "has not started"})

    async def _live(self, _: web.Request) -> web.Response:
        return _answer({})

    async def _ready(self, _: web.Request) -> web.Response:
        return _answer(self._health.unready())

    async def _figures(self, request: web.Request) -> web.Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._metrics.registry), headers={"Content-Type": content_type})


def _answer(reasons: dict[str, str]) -> web.Response:
    body = msgspec.json.encode({"status": "unavailable", "reasons": reasons} if reasons else {"status": "ok"})
    return web.Response(status=503 if reasons else 200, body=body, content_type="application/json")
