"""How the API says no: problem details (RFC 9457) for every failure, with nothing of the inside in it."""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from aiohttp import web

from frontline.contract.error import Rejected, Unavailable, answer_to
from router.core.refusal import Refused

CONTENT_TYPE = "application/problem+json"
_URN = "urn:frontline:problem:"


class FieldMistake(msgspec.Struct, frozen=True):
    """What is wrong where: `at` is a path into the body as in `$.text`, or a parameter's name."""

    at: str
    what: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """`conflict` is a word for what happened instead, where a race was lost; `errors` is everything
    that is wrong with the request; `id` is what the log knows this failure by.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    conflict: str | None = None
    errors: tuple[FieldMistake, ...] = ()
    id: str | None = None


class Invalid(Exception):
    """The request was understood and can't be right; carries all mistakes (422)."""

    def __init__(self, *mistakes: FieldMistake) -> None:
        super().__init__("; ".join(f"{mistake.at}: {mistake.what}" for mistake in mistakes))
        self.mistakes = mistakes


class Declined(Exception):
    """An answer other than success, decided by the API itself."""

    def __init__(
        self, status: HTTPStatus, detail: str, *, kind: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = headers or {}


def not_found(what: str, more: str = "") -> Declined:
    return Declined(HTTPStatus.NOT_FOUND, f"There is no such {what}. {more}".rstrip())


def response(problem: Problem, headers: Mapping[str, str] | None = None) -> web.Response:
    body = msgspec.json.encode(problem)
    return web.Response(status=problem.status, body=body, headers={"Content-Type": CONTENT_TYPE, **(headers or {})})


def response_to(error: Exception) -> web.Response | None:
    """The answer to a failure that was foreseen; `None` for a bug."""
    match error:
        case Invalid():
            return response(_problem(422, "invalid", "The request can't be right.", errors=error.mistakes))
        case Declined():
            kind = error.kind or _kind(error.status)
            return response(_problem(error.status, kind, error.detail), error.headers)
        case Refused(conflict="not_found"):
            return response(_problem(404, "not-found", error.detail, conflict=error.conflict))
        case Refused():
            return response(_problem(409, "conflict", error.detail, conflict=error.conflict))
        case Unavailable():
            wait = {"Retry-After": str(max(1, round(error.retry_after)))}
            return response(_problem(503, "unavailable", "Try again in a moment."), wait)
        case Rejected():
            return response(_problem(answer_to(error).http, error.reason.value.replace("_", "-"), error.detail))
        case web.HTTPException():
            kept = {name: value for name, value in error.headers.items() if name in {"Allow", "Location"}}
            return response(_problem(error.status, _kind(HTTPStatus(error.status)), ""), kept)
        case _:
            return None


def bug(id_: str) -> web.Response:
    return response(_problem(500, "internal", "That is our mistake; it has been recorded.", id_=id_))


def _problem(
    status: int,
    kind: str,
    detail: str,
    *,
    conflict: str | None = None,
    errors: tuple[FieldMistake, ...] = (),
    id_: str | None = None,
) -> Problem:
    return Problem(
        type=_URN + kind,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        conflict=conflict,
        errors=errors,
        id=id_,
    )


def _kind(status: HTTPStatus) -> str:
    return status.phrase.lower().replace(" ", "-")
