"""`docs/reference/` says what the code does, in documents that other people's tools understand."""

import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from frontline.contract import cloudevent, subject
from frontline.contract.codec import encode
from frontline.contract.ids import DeskId
from frontline.reference.__main__ import main
from frontline.reference.contribution import contributions
from frontline.reference.pages import out_of_date, pages, write
from router.desk.effects import as_told
from tests.contract.log_samples import EVENTS, made_up
from tests.contract.samples import SAMPLES

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SPECIFICATION = ROOT / "tests" / "fixtures" / "asyncapi" / "3.0.0.json"

SCHEMAS = {path.stem: json.loads(path.read_bytes()) for path in sorted((REFERENCE / "schema").glob("*.json"))}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return json.loads((REFERENCE / "asyncapi.json").read_bytes())  # type: ignore[no-any-return]


def test_the_reference_is_what_the_code_says_today() -> None:
    assert out_of_date(REFERENCE, pages()) == [], "`make docs` writes it again"


def test_a_page_that_is_changed_missing_or_left_over_is_out_of_date(tmp_path: Path) -> None:
    wanted = pages()
    write(tmp_path, wanted)
    assert out_of_date(tmp_path, wanted) == []
    (tmp_path / "topology.md").write_text("something else")
    (tmp_path / "settings.md").unlink()
    (tmp_path / "schema" / "pigeon.json").write_text("{}")
    assert out_of_date(tmp_path, wanted) == ["topology.md", "settings.md", "schema/pigeon.json"]


def test_the_command_says_what_is_out_of_date_and_writes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(tmp_path)]) == 1
    assert "out of date: asyncapi.json" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0


def test_the_asyncapi_document_keeps_to_the_specification(document: dict[str, Any]) -> None:
    validator = jsonschema.Draft7Validator(json.loads(SPECIFICATION.read_bytes()))
    assert [error.message for error in validator.iter_errors(document)] == []


def test_the_specification_would_refuse_a_wrong_document(document: dict[str, Any]) -> None:
    validator = jsonschema.Draft7Validator(json.loads(SPECIFICATION.read_bytes()))
    assert not validator.is_valid({**document, "operations": {"deliver": {"action": "shout", "channel": {}}}})


def test_every_reference_in_the_asyncapi_document_resolves(document: dict[str, Any]) -> None:
    for reference in references(document):
        part: Any = document
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]


def test_every_subject_of_the_code_is_a_channel_of_the_document(document: dict[str, Any]) -> None:
    addresses = [channel["address"] for channel in document["channels"].values() if channel["address"]]
    patterns = [re.compile(re.sub(r"{\w+}", "[^.]+", address.replace(".", r"\."))) for address in addresses]
    for name, build in vars(subject).items():
        if name.startswith("_") or getattr(build, "__module__", "") != subject.__name__:
            continue
        parameters = inspect.signature(build).parameters.values()
        built = build(*(7 if parameter.annotation is int else "x" for parameter in parameters))
        if isinstance(built, str) and "." in built and not {"*", ">"} & set(built):
            assert any(pattern.fullmatch(built) for pattern in patterns), name


def test_every_channel_is_used_by_an_operation(document: dict[str, Any]) -> None:
    used = {operation["channel"]["$ref"].removeprefix("#/channels/") for operation in document["operations"].values()}
    answers = {
        operation["reply"]["channel"]["$ref"].removeprefix("#/channels/")
        for operation in document["operations"].values()
        if "reply" in operation
    }
    assert used | answers == document["channels"].keys()


@pytest.mark.parametrize("traceparent", ["", "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"])
def test_the_headers_that_we_send_are_the_headers_in_the_document(document: dict[str, Any], traceparent: str) -> None:
    at = datetime(2026, 3, 29, 1, 0, 0, 5000, UTC)
    sent = cloudevent.headers(id="m1", kind="inbound_message", source="/channels/email", at=at, traceparent=traceparent)
    schema = document["components"]["schemas"]["CloudEventHeaders"]
    jsonschema.validate(sent, {**schema, "additionalProperties": False}, jsonschema.Draft202012Validator)
    assert schema["required"] == [name for name in schema["properties"] if name != "traceparent"]


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_valid_and_complete(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    definitions = {f"#/$defs/{definition}" for definition in SCHEMAS[name]["$defs"]}
    assert set(references(SCHEMAS[name])) <= definitions


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_recorded_value_keeps_to_its_schema(name: str) -> None:
    recorded = json.loads((Path(__file__).parent / "golden" / f"{name}.json").read_bytes())
    schema = SCHEMAS[name.partition(".")[0]]
    jsonschema.validate(recorded, schema, jsonschema.Draft202012Validator)
    jsonschema.validate({**recorded, "added_in_1_7": 1, "schema": "1.7"}, schema, jsonschema.Draft202012Validator)
    for wrong in ({"schema": "2.0"}, {"type": "pigeon"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**recorded, **wrong}, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_what_a_desk_tells_keeps_to_the_schema_of_its_kind(name: str) -> None:
    for full in (True, False):
        told = json.loads(encode(as_told(DeskId("support"), "1.2.0", made_up(EVENTS[name], name, full=full))))
        jsonschema.validate(told, SCHEMAS["desk_event"], jsonschema.Draft202012Validator)
        jsonschema.validate(told, SCHEMAS["desk_event_data"], jsonschema.Draft202012Validator)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**told, "kind": "PigeonSent"}, SCHEMAS["desk_event_data"])


def test_every_service_says_what_it_adds() -> None:
    services = {path.name for path in (ROOT / "services").iterdir() if not path.name.startswith("intake-")}
    assert len(contributions()) == len(services)


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)
