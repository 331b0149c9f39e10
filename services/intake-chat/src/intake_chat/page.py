"""What is served as it lies in the package: the widget, and the demo page around it."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web

from frontline.contract.subject import is_token

_WIDGET_SECONDS = 600
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self' {ws};"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file, whole and compressed."""

    data: bytes
    packed: bytes
    etag: str
    media_type: str

    def answer(self, request: web.Request, headers: dict[str, str]) -> web.Response:
        head = {"ETag": self.etag, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff", **headers}
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304, headers=head)
        body = self.data
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, head["Content-Encoding"] = self.packed, "gzip"
        return web.Response(body=body, content_type=self.media_type, charset="utf-8", headers=head)


def asset(name: str, media_type: str) -> Asset:
    data = (files("intake_chat") / "widget" / name).read_bytes()
    return Asset(data, gzip.compress(data, mtime=0), f'"{hashlib.sha256(data).hexdigest()[:32]}"', media_type)


class Pages:
    """Read once."""

    def __init__(self) -> None:
        self.widget = asset("widget.js", "text/javascript")
        self._style = asset("demo.css", "text/css")
        self._demo = asset("demo.html", "text/html").data.decode()

    async def script(self, request: web.Request) -> web.StreamResponse:
        headers = {
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": f"public, max-age={_WIDGET_SECONDS}",
        }
        return self.widget.answer(request, headers)

    async def style(self, request: web.Request) -> web.StreamResponse:
        return self._style.answer(request, {"Cache-Control": "no-cache"})

    async def demo(self, request: web.Request) -> web.StreamResponse:
        """`GET /`: `?inbox=` and `?lang=` choose what its widget is told."""
        inbox, language = request.query.get("inbox", "support"), request.query.get("lang", "")
        page = self._demo.replace("{inbox}", inbox if is_token(inbox) else "support")
        page = page.replace("{lang}", language if language.isalpha() and len(language) == 2 else "")
        headers = {
            # 'self' does not cover WebSockets in every browser.
            "Content-Security-Policy": _POLICY.format(ws=f"ws://{request.host} wss://{request.host}"),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Cache-Control": "no-cache",
        }
        return web.Response(text=page, content_type="text/html", headers=headers)
