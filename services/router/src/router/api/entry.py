"""From an HTTP request to a handler's call, and from whatever comes of it to an answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web
from prometheus_client import Counter, Histogram

from frontline.contract.error import Reason, Rejected
from router.api.call import SEQ, Api, Call
from router.api.contacts import WAIT_SECONDS
from router.api.decoding import decode_body, decode_query
from router.api.idempotency import HEADER, checked_key
from router.api.problem import Declined, FieldMistake, Invalid, bug, response_to
from router.api.route import Route

API: web.AppKey[Api] = web.AppKey("api", Api)

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_UNKNOWN = "unknown"


class Entry:
    """Counts and times every request by the name of its route."""

    def __init__(self, api: Api) -> None:
        self._api = api
        registry = api.metrics.registry
        self._requests = Counter("frontline_api_requests", "Requests answered.", ["route", "status"], registry=registry)
        self._seconds = Histogram(
            "frontline_api_seconds", "From request to answer.", ["route"], registry=registry, buckets=_SECONDS
        )

    def on(self, route: Route) -> Respond:
        """What answers requests to `route`. Never raises but for a client that has gone."""
        seconds = self._seconds.labels(route.name)

        async def respond(request: web.Request) -> web.StreamResponse:
            begun = time.perf_counter()
            try:
                response = await route.handle(await self._call(request, route))
            except (asyncio.CancelledError, ConnectionError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever happens has an answer, and a bug its log line
                response = self._failed(error, route.name, request)
            seconds.observe(time.perf_counter() - begun)
            self._requests.labels(route.name, str(response.status)).inc()
            return response

        return respond

    async def _call(self, request: web.Request, route: Route) -> Call[msgspec.Struct, msgspec.Struct]:
        api = self._api
        who = api.access.who(request.headers.get("Authorization", ""))
        query = decode_query(route.query, {name: request.query.getall(name) for name in request.query})
        body = decode_body(route.decoder, await _read(request, route) or b"{}")
        key = "" if route.reads else checked_key(request.headers.get(HEADER))
        seen = _seen(request.headers.get(SEQ)) if route.reads else 0
        if seen:
            await api.index.wait_for(who.desk.id, seen, WAIT_SECONDS)
        return Call(request, api, who, body, query, key, seen)

    @web.middleware
    async def elsewhere(self, request: web.Request, handler: Respond) -> web.StreamResponse:
        """Middleware: paths and methods that are in no route get their problem details, too."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            response = self._failed(error, _UNKNOWN, request)
            self._requests.labels(_UNKNOWN, str(response.status)).inc()
            return response

    def _failed(self, error: Exception, route: str, request: web.Request) -> web.Response:
        response = response_to(error)
        if response is not None:
            return response
        id_ = self._api.mint()[:32]
        self._api.metrics.failed("api")
        of = request.match_info.get("id", "")[:64]
        self._api.log.error("api.failed", route=route, id=id_, of=of, agent=self._agent(request), exc_info=error)
        return bug(id_)

    def _agent(self, request: web.Request) -> str:
        try:
            return self._api.access.who(request.headers.get("Authorization", "")).agent.id
        except Declined:
            return ""


async def _read(request: web.Request, route: Route) -> bytes:
    """The body, bounded before it is held. Raises `Rejected`."""
    if route.reads or not request.can_read_body:
        return b""
    if request.content_type not in {"application/json", "application/octet-stream"}:
        raise web.HTTPUnsupportedMediaType
    limit = route.body_bytes
    if request.content_length is not None and request.content_length > limit:
        raise Rejected(f"The body is larger than {limit} bytes.", Reason.TOO_LARGE)
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise Rejected(f"The body is larger than {limit} bytes.", Reason.TOO_LARGE)
    return bytes(body)


def _seen(header: str | None) -> int:
    if header is None:
        return 0
    if not header.isdecimal() or len(header) > 18:
        raise Invalid(FieldMistake(SEQ, "must be a number that a write answered with"))
    return int(header)
