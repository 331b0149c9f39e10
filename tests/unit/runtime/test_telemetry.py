import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from frontline.contract.ids import MessageId
from frontline.runtime.settings import Secret
from frontline.runtime.telemetry import configure_logs, logger, traceparent


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, and the logging of pytest itself put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    configure_logs(out=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def last(lines: io.StringIO) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lines.getvalue().splitlines()[-1])
    return found


def test_a_line_is_json_with_the_event_and_its_ids(lines: io.StringIO) -> None:
    logger("intake-pigeon", instance="one").info("message.stored", message="m1", inbox="support")
    line = last(lines)
    assert (line["event"], line["level"], line["service"], line["instance"]) == (
        "message.stored",
        "info",
        "intake-pigeon",
        "one",
    )
    assert (line["message"], line["inbox"]) == ("m1", "support")
    assert line["at"].endswith("Z")


@pytest.mark.parametrize(
    "field",
    ["token", "secret", "password", "address", "sender", "body", "text", "html", "relay_password", "reply_text", "To"],
)
def test_a_field_that_usually_holds_words_or_secrets_is_hidden(lines: io.StringIO, field: str) -> None:
    logger("x").info("e", **{field: "ada@customer.example"})
    assert last(lines)[field] == "[redacted]"


def test_what_is_nested_is_hidden_too(lines: io.StringIO) -> None:
    logger("x").info("e", settings={"relay": {"password": "pw"}, "keys": [{"token": "t"}], "port": 25})
    assert last(lines)["settings"] == {
        "relay": {"password": "[redacted]"},
        "keys": [{"token": "[redacted]"}],
        "port": 25,
    }


def test_a_secret_is_hidden_under_any_name(lines: io.StringIO) -> None:
    logger("x").info("e", harmless=Secret("grain"), many=(Secret("grain"), 1))
    assert "grain" not in lines.getvalue()


def test_an_exception_is_logged_by_type_and_place_and_never_by_its_text(lines: io.StringIO) -> None:
    try:
        int("ada@customer.example")
    except ValueError as error:
        logger("x").error("e", exc_info=error)
    line = last(lines)
    assert line["error"] == "ValueError"
    assert "test_telemetry.py" in line["frames"][-1]
    assert "ada@" not in lines.getvalue()


def test_a_group_of_exceptions_tells_each_of_them(lines: io.StringIO) -> None:
    logger("x").error("e", exc_info=ExceptionGroup("g", [ValueError("a"), KeyError("b")]))
    assert [each["error"] for each in last(lines)["errors"]] == ["ValueError", "KeyError"]


def test_a_librarys_warning_is_a_line_without_its_text(lines: io.StringIO) -> None:
    logging.getLogger("aiohttp.server").warning("bad request from %s", "ada@customer.example")
    line = last(lines)
    assert (line["service"], line["level"], line["event"]) == ("aiohttp.server", "warning", "library")
    assert "test_telemetry.py" in line["where"]
    assert "ada@" not in lines.getvalue()


def test_a_library_below_warning_is_silent(lines: io.StringIO) -> None:
    logging.getLogger("asyncio").info("hello")
    assert lines.getvalue() == ""


def test_a_level_keeps_the_lines_below_it_out(lines: io.StringIO) -> None:
    configure_logs(level="warning", out=lines)
    log = logger("x")
    log.info("quiet")
    log.warning("loud")
    assert last(lines)["event"] == "loud"
    assert "quiet" not in lines.getvalue()


def test_the_console_style_is_for_people(lines: io.StringIO) -> None:
    configure_logs(style="console", out=lines)
    logger("x").info("service.started", token="t")
    assert "service.started" in lines.getvalue()
    assert "[redacted]" in lines.getvalue()


def test_a_value_that_json_does_not_know_is_still_logged(lines: io.StringIO) -> None:
    logger("x").info("e", thing=complex(1, 2))
    assert last(lines)["thing"] == "(1+2j)"


def test_the_trace_of_a_message_follows_from_its_id() -> None:
    first, second = traceparent(MessageId("m1")), traceparent(MessageId("m1"))
    assert first.split("-")[1] == second.split("-")[1]
    assert first.split("-")[2] != second.split("-")[2]
    assert traceparent(MessageId("m2")).split("-")[1] != first.split("-")[1]
