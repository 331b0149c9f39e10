"""Bodies and query strings to values; when one is wrong, everything that is wrong with it. Pure."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, get_origin

import msgspec
from msgspec.structs import FieldInfo

from frontline.contract.error import Reason, Rejected
from router.api.problem import FieldMistake, Invalid
from router.api.shape import Body

S = TypeVar("S", bound=Body)

_AT = re.compile(r" - at `\$(?P<path>[^`]*)`\Z")


def decode_body(decoder: "msgspec.json.Decoder[S]", data: bytes) -> S:
    """Raises `Invalid` with all mistakes; `Rejected` for what is not JSON at all."""
    try:
        body = _decoded(decoder, data)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected("The body is not JSON.", Reason.MALFORMED) from error
    except RecursionError as error:
        raise Rejected("The body is nested too deep.", Reason.MALFORMED) from error
    if found := [FieldMistake(at, what) for at, what in body.mistakes()]:
        raise Invalid(*found)
    return body


def _decoded(decoder: "msgspec.json.Decoder[S]", data: bytes) -> S:
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        # What the decoder had skipped, or not reached, may turn out to be no JSON here.
        raise Invalid(*_mistakes(decoder.type, data, error)) from error


def decode_query(kind: type[S], query: Mapping[str, Sequence[str]]) -> S:
    """Parameters by name, each with its values in order. Raises `Invalid` with all mistakes."""
    fields = _fields(kind)
    mistakes = [FieldMistake(name, _unknown(fields)) for name in query if name not in fields]
    values: dict[str, Any] = {}
    for name, given in query.items():
        if name not in fields:
            continue
        field = fields[name]
        many = get_origin(field.type) is tuple
        if len(given) > 1 and not many:
            mistakes.append(FieldMistake(name, "given more than once"))
            continue
        try:
            values[field.name] = msgspec.convert(given if many else given[0], field.type, strict=False)
        except msgspec.ValidationError as error:
            mistakes.append(_mistake(name, error))
    mistakes += [
        FieldMistake(name, "is missing") for name, field in fields.items() if field.required and name not in query
    ]
    if mistakes:
        raise Invalid(*mistakes)
    return kind(**values)


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """To find them out takes longer than to answer most requests."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _mistakes(kind: type[msgspec.Struct], data: bytes, first: msgspec.ValidationError) -> list[FieldMistake]:
    """The decoder stops at the first mistake; look at each field by itself."""
    raw = msgspec.json.decode(data)
    if not isinstance(raw, dict):
        return [FieldMistake("$", "must be an object")]
    fields = _fields(kind)
    mistakes = [FieldMistake(f"$.{name}", _unknown(fields)) for name in raw if name not in fields]
    for name, field in fields.items():
        if name not in raw:
            if field.required:
                mistakes.append(FieldMistake(f"$.{name}", "is missing"))
            continue
        try:
            msgspec.convert(raw[name], field.type)
        except msgspec.ValidationError as error:
            mistakes.append(_mistake(f"$.{name}", error))
    return mistakes or [_mistake("$", first)]


def _mistake(at: str, error: msgspec.ValidationError) -> FieldMistake:
    text = str(error)
    found = _AT.search(text)
    if found is None:
        return FieldMistake(at, text)
    return FieldMistake(at + found["path"], text[: found.start()])


def _unknown(fields: Mapping[str, Any]) -> str:
    return f"is not known here; known are {', '.join(sorted(fields)) or 'none'}"
