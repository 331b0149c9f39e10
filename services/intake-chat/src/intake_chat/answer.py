"""HTTP answers: problem details (RFC 9457), and what pages of other origins may read."""

import math
from http import HTTPStatus

import msgspec
from aiohttp import web

from frontline.contract.error import Rejected, Unavailable, answer_to

_PROBLEM = "application/problem+json"


class Problem(msgspec.Struct, frozen=True):
    title: str
    status: int
    detail: str
    type: str = "about:blank"


def problem(error: Exception) -> web.Response:
    """What went wrong, as far as it is the asker's business."""
    status = HTTPStatus(answer_to(error).http)
    detail = error.detail if isinstance(error, Rejected) else "Please try again."
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    body = msgspec.json.encode(Problem(status.phrase, status, detail))
    return web.Response(body=body, status=status, content_type=_PROBLEM, headers=headers)


def json(value: object, status: int = HTTPStatus.OK) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers
    )


def shared(origin: str | None) -> dict[str, str]:
    """Headers that let an allowed page of another origin read the answer (Fetch standard, CORS)."""
    return {"Vary": "Origin", **({"Access-Control-Allow-Origin": origin} if origin else {})}
