"""Serves the page and its files as they lie in the package."""

import hashlib
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler

# 'self' does not cover WebSockets in every browser. Customers' HTML is shown in a frame without rights.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' {ws};"
    " frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = {
    "/": ("index.html", "text/html"),
    "/console/app.js": ("app.js", "text/javascript"),
    "/console/notify.js": ("notify.js", "text/javascript"),
    "/console/worker.js": ("worker.js", "text/javascript"),
    "/console/style.css": ("style.css", "text/css"),
}


def add_console(app: web.Application) -> None:
    for path, (name, media_type) in _FILES.items():
        app.router.add_get(path, _file(name, media_type))


def _file(name: str, media_type: str) -> Handler:
    body = (files("router.console") / name).read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    async def show(request: web.Request) -> web.Response:
        headers = {
            "ETag": etag,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": _POLICY.format(ws=f"ws://{request.host} wss://{request.host}"),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=media_type, charset="utf-8", headers=headers)

    return show
