"""Structured logs and metrics, the same for every process.

A log line is an event name and ids. Words and addresses of customers, and secrets, do not belong
there: a processor hides the fields that usually hold them, and an exception's own text, which
may quote its input, is shown in the `console` format of a developer only.
"""

import hashlib
import logging
import os
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import msgspec
import structlog

from frontline.contract.channel import Log
from frontline.contract.ids import MessageId
from frontline.runtime.settings import Secret

_HIDDEN = {
    *("token", "secret", "password", "passwd", "authorization", "cookie", "signature"),
    *("address", "addresses", "sender", "recipient", "recipients", "to", "cc", "phone", "email"),
    *("body", "text", "html", "reply_text", "content", "payload"),
}
_HIDDEN_ENDINGS = ("_token", "_secret", "_password", "_address", "_body", "_text")
_REDACTED = "[redacted]"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_Event = MutableMapping[str, Any]


def configure_logs(*, level: str = "info", style: str = "json", out: TextIO | None = None) -> None:
    """Send our log lines to `out` (standard error), one a line; those of libraries from `warning` up."""
    stream = out or sys.stderr
    shown: list[Any] = [structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")]
    if style == "console":
        shown += [structlog.dev.ConsoleRenderer(timestamp_key="at", exception_formatter=structlog.dev.plain_traceback)]
    else:
        shown += [_frames_of_exception, _to_json]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, redact, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Library()]
    root.setLevel(logging.WARNING)


def logger(service: str, **ids: str) -> Log:
    """A log whose every line says `service` and `ids`."""
    return cast("Log", structlog.get_logger(service=service, **ids))


def redact(_: Any, __: str, event: _Event) -> _Event:
    """Hide fields by name, and `Secret` by type, at any depth."""
    return {key: value if key == "event" else _seen(key, value) for key, value in event.items()}


def _seen(key: str, value: Any) -> Any:
    low = key.lower()
    if isinstance(value, Secret) or low in _HIDDEN or low.endswith(_HIDDEN_ENDINGS):
        return _REDACTED
    if isinstance(value, Mapping):
        return {str(inner): _seen(str(inner), each) for inner, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_seen("", each) for each in value]
    return value


def _frames_of_exception(_: Any, __: str, event: _Event) -> _Event:
    """An exception as its type and the places it went through; never its text."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["frames"] = frames(error.__traceback__)
        if isinstance(error, BaseExceptionGroup):
            event["errors"] = [
                {"error": type(each).__name__, "frames": frames(each.__traceback__)} for each in error.exceptions
            ]
    return event


def frames(trace: TracebackType | None) -> list[str]:
    """The last places of a traceback, innermost last."""
    summary = traceback.extract_tb(trace)[-12:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in summary]


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").split("/")[-3:])


def _to_json(_: Any, __: str, event: _Event) -> str:
    order = {key: event.pop(key) for key in ("at", "level", "event", "service") if key in event}
    return msgspec.json.encode({**order, **event}, enc_hook=repr).decode()


class _Library(logging.Handler):
    """Takes what libraries log: where and how bad; their text may quote what a customer sent."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(service=record.name)
        where = f"{_short(record.pathname)}:{record.lineno}"
        error = record.exc_info[1] if record.exc_info else None
        write = log.error if record.levelno >= logging.ERROR else log.warning
        write("library", where=where, **({"exc_info": error} if error else {}))


def traceparent(message: MessageId) -> str:
    """The trace of a message (W3C Trace Context, level 1), found again from its id alone."""
    return f"00-{hashlib.sha256(message.encode()).hexdigest()[:32]}-{os.urandom(8).hex()}-01"
