"""The OpenAPI 3.1 document, made from the table of routes and the types of their bodies. Pure."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from router.api.call import SEQ
from router.api.idempotency import HEADER
from router.api.live_shape import PATH as LIVE
from router.api.live_shape import Frame, Hello
from router.api.problem import CONTENT_TYPE, Problem
from router.api.route import Route

PATH = "/api/openapi.json"

_VARIABLE = re.compile(r"{(\w+)}")
_EVERY_ROUTE = (401, 422, 500, 503)
_WITH_BODY = (400, 415)
_REF = "#/components/schemas/{name}"


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """What `GET /api/openapi.json` answers."""
    schemas = _Schemas(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    paths[LIVE] = {"get": _watching(schemas)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Frontline router",
            "version": version,
            "description": "Contacts, replies and availability, for the agents of a desk.",
        },
        "security": [{"agent": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {"agent": {"type": "http", "scheme": "bearer", "description": "The token of an agent."}},
        },
    }


class _Schemas:
    """Schemas of all types at once, so that each is defined once."""

    def __init__(self, routes: Iterable[Route]) -> None:
        types: list[Any] = [Problem, Hello, Frame]
        for route in routes:
            types += [kind for kind in (route.body, route.answer) if kind is not None and not isinstance(kind, str)]
            types += [field.type for field in msgspec.structs.fields(route.query)]
        self._types = list({repr(kind): kind for kind in types}.values())
        found, self.components = msgspec.json.schema_components(self._types, ref_template=_REF)
        self._found = {repr(kind): schema for kind, schema in zip(self._types, found, strict=True)}

    def of(self, kind: Any) -> dict[str, Any]:
        return self._found[repr(kind)]


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "parameters": [*_path(route), *_query(route, schemas), *_headers(route)],
        "responses": _responses(route, schemas),
    }
    if route.body is not None:
        required = any(field.required for field in msgspec.structs.fields(route.body))
        operation["requestBody"] = {
            "required": required,
            "content": {"application/json": {"schema": schemas.of(route.body)}},
        }
    return operation


def _watching(schemas: _Schemas) -> dict[str, Any]:
    """The WebSocket, as far as OpenAPI can say it: what goes over it once it is open are extensions."""
    after = "Resume behind this `seq`; without it, from now on."
    whole_number = {"type": "integer", "minimum": 0}
    return {
        "operationId": "watch",
        "summary": "What your desk decides, as it decides it: a WebSocket, whose first frame is yours",
        "security": [],
        "parameters": [{"name": "after", "in": "query", "description": after, "schema": whole_number}],
        "responses": {
            "101": {"description": HTTPStatus.SWITCHING_PROTOCOLS.phrase},
            "422": _refusal(422, schemas),
        },
        "x-first-frame": schemas.of(Hello),
        "x-frames": schemas.of(Frame),
    }


def _path(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(route.path)
    ]


def _query(route: Route, schemas: _Schemas) -> list[dict[str, Any]]:
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": schemas.of(field.type),
        }
        for field in msgspec.structs.fields(route.query)
    ]


def _headers(route: Route) -> list[dict[str, Any]]:
    if route.reads:
        what = f"Answer only once this log position is seen, as a write gave it in its {SEQ}."
        return [{"name": SEQ, "in": "header", "description": what, "schema": {"type": "integer", "minimum": 0}}]
    what = "The same key again: the same effect once, and the same answer. Remembered for 24 hours at least."
    return [{"name": HEADER, "in": "header", "description": what, "schema": {"type": "string", "maxLength": 255}}]


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    if isinstance(route.answer, str):
        content: dict[str, Any] = {route.answer: {}}
    else:
        content = {"application/json": {"schema": schemas.of(route.answer)}}
    position = {"description": "The log position that is shown or was made.", "schema": {"type": "integer"}}
    done = {"description": HTTPStatus(route.status).phrase, "headers": {SEQ: position}, "content": content}
    refused = sorted({*_EVERY_ROUTE, *route.refuses, *(_WITH_BODY if route.body else ())})
    return {str(route.status): done} | {str(status): _refusal(status, schemas) for status in refused}


def _refusal(status: int, schemas: _Schemas) -> dict[str, Any]:
    problem = {CONTENT_TYPE: {"schema": schemas.of(Problem)}}
    return {"description": HTTPStatus(status).phrase, "content": problem}
