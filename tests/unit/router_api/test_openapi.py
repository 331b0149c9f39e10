"""The OpenAPI document says what is routed, and is a document that tools can read."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from router.api.openapi import document
from router.api.table import ROUTES

DOCUMENT: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document(ROUTES, "1.2.3")))
OPERATIONS = [
    (path, method, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
every_operation = pytest.mark.parametrize(
    "path,method,operation", OPERATIONS, ids=[f"{method} {path}" for path, method, _ in OPERATIONS]
)


def schemas_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(value.get("schema"), dict):
            yield value["schema"]
        for inner in value.values():
            yield from schemas_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from schemas_in(inner)


def test_every_route_of_the_issue_is_there() -> None:
    assert {(method.upper(), path) for path, method, _ in OPERATIONS} == {
        ("GET", "/api/contacts"),
        ("GET", "/api/contacts/{id}"),
        ("GET", "/api/contacts/{id}/transcript"),
        ("POST", "/api/contacts/{id}/replies"),
        ("POST", "/api/contacts/{id}/notes"),
        ("POST", "/api/contacts/{id}/resolve"),
        ("POST", "/api/contacts/{id}/reopen"),
        ("POST", "/api/contacts"),
        ("POST", "/api/contacts/{id}/merge"),
        ("POST", "/api/contacts/{id}/unmerge"),
        ("POST", "/api/contacts/{id}/split"),
        ("POST", "/api/contacts/{id}/messages/{message}/move"),
        ("POST", "/api/contacts/{id}/transfer"),
        ("POST", "/api/contacts/{id}/wait"),
        ("POST", "/api/contacts/{id}/promise"),
        ("POST", "/api/contacts/{id}/lane"),
        ("GET", "/api/contacts/{id}/check-ins"),
        ("PUT", "/api/contacts/{id}/check-ins"),
        ("GET", "/api/live"),
        ("GET", "/api/offers"),
        ("POST", "/api/offers/{id}/accept"),
        ("POST", "/api/offers/{id}/reject"),
        ("GET", "/api/me/availability"),
        ("PUT", "/api/me/availability"),
        ("GET", "/api/me/notifications"),
        ("PUT", "/api/me/notifications"),
        ("DELETE", "/api/me/notifications"),
        ("GET", "/api/desks"),
        ("GET", "/api/desks/{desk}"),
        ("GET", "/api/desks/{desk}/rota"),
        ("POST", "/api/desks/{desk}/rota/swaps"),
        ("GET", "/api/desks/{desk}/rota.ics"),
        ("GET", "/api/parked"),
        ("POST", "/api/contacts/{id}/erase"),
        ("POST", "/api/customers/{id}/erase"),
        ("POST", "/api/parked/{id}/release"),
        ("POST", "/api/parked/{id}/drop"),
        ("GET", "/api/objects/{bucket}/{name}"),
    }


def test_it_is_openapi_3_1_with_what_that_asks_for() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"] == "1.2.3"
    assert DOCUMENT["components"]["securitySchemes"]["agent"] == {
        "type": "http",
        "scheme": "bearer",
        "description": "The token of an agent.",
    }
    assert DOCUMENT["security"] == [{"agent": []}]


def test_every_schema_is_json_schema_2020_12() -> None:
    for schema in [*DOCUMENT["components"]["schemas"].values(), *schemas_in(DOCUMENT["paths"])]:
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert used == set(DOCUMENT["components"]["schemas"])


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][A-Za-z]+", name) for name in names)


@every_operation
def test_the_variables_of_the_path_are_its_parameters(path: str, method: str, operation: dict[str, Any]) -> None:
    told = [parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"]
    assert told == re.findall(r"{(\w+)}", path)
    names = [(parameter["in"], parameter["name"]) for parameter in operation["parameters"]]
    assert len(set(names)) == len(names)


@every_operation
def test_writes_take_a_key_and_reads_a_position(path: str, method: str, operation: dict[str, Any]) -> None:
    headers = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "header"}
    if "101" in operation["responses"]:  # a WebSocket has its position in the address
        assert headers == set()
    else:
        assert headers == ({"X-Frontline-Seq"} if method == "get" else {"Idempotency-Key"})
    assert ("requestBody" in operation) == (method in {"post", "put"})


@every_operation
def test_every_refusal_is_a_problem(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        assert answer["description"]
        if int(status) >= 400:
            [(media_type, content)] = answer["content"].items()
            assert media_type == "application/problem+json"
            assert content["schema"]["$ref"].endswith("/Problem")
    if "101" not in operation["responses"]:  # a WebSocket says it by its close codes
        assert {"401", "422", "503"} <= set(operation["responses"])


def test_a_body_that_is_documented_is_closed() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if name.endswith("Body") or name == "Nothing":
            assert schema["additionalProperties"] is False
    reply = DOCUMENT["components"]["schemas"]["ReplyBody"]
    assert reply["required"] == ["text"]
    assert set(reply["properties"]) == {"text", "html", "attachments", "channel", "to", "cc"}


def test_times_are_said_to_be_times() -> None:
    contact = DOCUMENT["components"]["schemas"]["Contact"]
    assert contact["properties"]["opened_at"]["format"] == "date-time"
