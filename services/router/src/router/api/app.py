"""The API as an aiohttp application, from everything that it works with."""

from importlib.metadata import version

import msgspec
from aiohttp import web

from frontline.configuration.model import Configuration
from frontline.contract.channel import Log
from frontline.contract.clock import Clock
from frontline.runtime.bus import Bus
from frontline.runtime.journal import Journal
from frontline.runtime.metrics import Metrics
from frontline.runtime.signing import Signer
from router.api import openapi
from router.api.access import Access
from router.api.call import Api
from router.api.entry import API, Entry, Respond
from router.api.live import LiveRoute
from router.api.live_shape import PATH as LIVE
from router.api.port import Commands, Files, Mint
from router.api.table import ROUTES
from router.console.page import add_console
from router.index.read_index import ReadIndex


def build_app(
    *,
    bus: Bus,
    configuration: Configuration,
    signer: Signer,
    index: ReadIndex,
    commands: Commands,
    objects: Files,
    clock: Clock,
    mint: Mint,
    metrics: Metrics,
    log: Log,
) -> web.Application:
    """Serve it with `AppRunner(app, access_log=None)`. When the configuration changes:
    `app[API].access.load(configuration)`.
    """
    api = Api(
        bus=bus,
        access=Access(signer, configuration),
        signer=signer,
        index=index,
        commands=commands,
        files=objects,
        clock=clock,
        mint=mint,
        metrics=metrics,
        log=log,
        journal=Journal(bus),
    )
    entry = Entry(api)
    app = web.Application(middlewares=[entry.elsewhere])
    app[API] = api
    for route in ROUTES:
        if route.method == "GET":
            app.router.add_get(route.pattern, entry.on(route))  # and HEAD (RFC 9110, 9.3.2)
        else:
            app.router.add_route(route.method, route.pattern, entry.on(route))
    app.router.add_get(openapi.PATH, _document())
    live = LiveRoute(api)
    app.router.add_route("GET", LIVE, live.serve)
    app.on_shutdown.append(live.close)
    add_console(app)
    return app


def _document() -> Respond:
    body = msgspec.json.encode(openapi.document(ROUTES, version("frontline")))

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json", headers={"X-Content-Type-Options": "nosniff"})

    return show
