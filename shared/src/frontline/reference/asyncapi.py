"""An AsyncAPI 3.0 document of everything that travels on the bus."""

import re
from collections.abc import Iterable, Sequence

import msgspec

import frontline
from frontline.contract.cloudevent import MESSAGE_ID
from frontline.contract.message import SCHEMA
from frontline.reference.contract import Parked
from frontline.reference.contribution import Channel, Operation, Schema
from frontline.reference.schema import components, summary
from frontline.runtime.parked import NOTE, Note

VERSION = "3.0.0"

_PARAMETERS = {
    "channel": "A way to reach us: `email`, `chat`, ...",
    "inbox": "One of our addresses on that channel, by its configured id.",
    "desk": "A group of people who share work.",
    "kind": "What happened: the event's name.",
    "contact": "One customer interaction, from its first message until it is closed.",
    "service": "Who put it aside.",
    "reason": "Why, in one word.",
    "epoch": "Which leadership of the desk is asked: the stream sequence of its first record.",
}

_HEADERS: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0 in the binary mode of its NATS binding, and W3C Trace Context.",
    "properties": {
        MESSAGE_ID: {"type": "string", "description": "The same as `ce-id`: the broker drops a repeat."},
        "ce-specversion": {"type": "string", "const": "1.0"},
        "ce-id": {"type": "string", "minLength": 1},
        "ce-type": {"type": "string", "pattern": r"^frontline\.[A-Za-z_]+\.v[0-9]+$"},
        "ce-source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "ce-time": {"type": "string", "format": "date-time"},
        "content-type": {"type": "string", "const": "application/json"},
        "traceparent": {"type": "string", "pattern": "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
    },
    "required": [MESSAGE_ID, "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "content-type"],
}


_PARKED_HEADERS: Schema = {
    **_HEADERS,
    "properties": {
        **_HEADERS["properties"],
        NOTE: {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "Where it came from and why it is here: the JSON of a `Note`.",
        },
    },
    "required": [*(name for name in _HEADERS["required"] if name != MESSAGE_ID), NOTE],
}


def asyncapi(channels: Sequence[Channel], operations: Iterable[Operation]) -> Schema:
    kinds = {kind.__name__: (kind, channel.headed) for channel in channels for kind in channel.messages}
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "Frontline on NATS",
            "version": frontline.__version__,
            "description": f"Message schema {SCHEMA}. Readers ignore fields that they do not know and refuse another "
            "major version. Written by `make docs` from the code.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "nats": {"host": "localhost:4222", "protocol": "nats", "description": "`FRONTLINE_NATS_URL` says where."}
        },
        "channels": {channel.name: _channel(channel) for channel in channels},
        "operations": {operation.name: _operation(operation, channels) for operation in operations},
        "components": {
            "schemas": {
                "CloudEventHeaders": _HEADERS,
                "ParkedHeaders": _PARKED_HEADERS,
                **components([Note if kind is Parked else kind for kind, _ in kinds.values()], "#/components/schemas/"),
            },
            "messages": {name: _message(kind, headed=headed) for name, (kind, headed) in sorted(kinds.items())},
        },
    }


def _channel(channel: Channel) -> Schema:
    written: Schema = {"address": channel.address or None, "summary": channel.summary}
    written["messages"] = {
        kind.__name__: {"$ref": f"#/components/messages/{kind.__name__}"} for kind in channel.messages
    }
    names = re.findall(r"{(\w+)}", channel.address)
    if names:
        written["parameters"] = {name: {"description": _PARAMETERS[name]} for name in names}
    if channel.stream:
        written["x-nats-stream"] = channel.stream
    return written


def _operation(operation: Operation, channels: Sequence[Channel]) -> Schema:
    written: Schema = {
        "action": operation.action,
        "channel": {"$ref": f"#/channels/{operation.channel}"},
        "summary": operation.summary,
        "tags": [{"name": operation.service}],
        "messages": _references(operation.channel, channels),
    }
    if operation.replies:
        written["reply"] = {
            "channel": {"$ref": f"#/channels/{operation.replies}"},
            "messages": _references(operation.replies, channels),
        }
    return written


def _references(name: str, channels: Sequence[Channel]) -> list[Schema]:
    kinds = next(channel.messages for channel in channels if channel.name == name)
    return [{"$ref": f"#/channels/{name}/messages/{kind.__name__}"} for kind in kinds]


def _message(kind: type[msgspec.Struct], *, headed: bool) -> Schema:
    written: Schema = {"name": kind.__name__, "summary": summary(kind)}
    if kind is Parked:
        return {**written, "headers": {"$ref": "#/components/schemas/ParkedHeaders"}}
    if headed:
        written["headers"] = {"$ref": "#/components/schemas/CloudEventHeaders"}
    return {**written, "payload": {"$ref": f"#/components/schemas/{kind.__name__}"}}
