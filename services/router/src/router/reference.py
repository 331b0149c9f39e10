"""What the router adds to the generated reference: its API, the desk's log, commands and events."""

from functools import partial
from typing import get_args

import msgspec

import frontline
from frontline.contract import subject
from frontline.contract.message import DeliveryReceipt, InboundMessage
from frontline.reference.contract import DESK, address
from frontline.reference.contribution import Channel, Contribution, Operation, Schema, Settings
from frontline.reference.notes import field_notes
from frontline.reference.schema import DIALECT, MAJOR, components, summary
from frontline.runtime.topology import TRANSFERS
from router.api.openapi import document
from router.api.table import ROUTES
from router.core.commit import Commit, EpochRecord
from router.core.event import DeskDecision
from router.core.event_transfer import PRIVATE
from router.core.happened import Event
from router.core.parcel import Carried
from router.desk.between_words import Answered, Asked, Given
from router.desk.command_port import CommandReply, CommandRequest
from router.service import NAME, RouterSettings

_STREAM = subject.desk_stream(DESK).replace(DESK, "{desk}")

_channel = partial(Channel, headed=False)

_CHANNELS = (
    _channel(
        name="deskEpoch",
        address=address(subject.desk_epoch(DESK)),
        summary="A new leader's first word. Private to the router: only `desk/log.py` reads it.",
        messages=(EpochRecord,),
        stream=_STREAM,
    ),
    _channel(
        name="deskLog",
        address=address(subject.desk_log(DESK)),
        summary="What the desk decided, one commit a command. Private to the router; others follow `event`.",
        messages=(Commit,),
        stream=_STREAM,
    ),
    _channel(
        name="transfer",
        address=address(subject.transfer(DESK)),
        summary="What other desks say to a desk about contacts that go from one to another. Private to the router.",
        messages=(Asked, Answered, Given),
        stream=TRANSFERS,
    ),
    Channel(
        name="forward",
        address=address(subject.forward(DESK)),
        summary="What other desks send on to a desk, as it came to them; the header `ce-senton` says how.",
        messages=(InboundMessage, DeliveryReceipt),
        stream=TRANSFERS,
    ),
    _channel(
        name="command",
        address=address(subject.command(DESK, 1).removesuffix("1") + "an-epoch"),
        summary="Requests of the router's replicas to the desk's leader; never stored.",
        messages=(CommandRequest,),
    ),
    _channel(
        name="commandReply",
        address="",
        summary="The leader's answer.",
        messages=(CommandReply,),
    ),
)

_operation = partial(Operation, service=NAME)

_OPERATIONS = (
    _operation(name="decide", action="receive", channel="inbound", summary="Take each desk's inboxes, and decide."),
    _operation(
        name="lead", action="send", channel="deskEpoch", summary="Begin a leadership; its sequence is the epoch."
    ),
    _operation(name="commit", action="send", channel="deskLog", summary="Write down what was decided, fenced."),
    _operation(name="tell", action="send", channel="event", summary="Tell everybody else what was decided."),
    _operation(name="measure", action="receive", channel="event", summary="Count what service levels came to."),
    _operation(name="write", action="send", channel="transcriptPublic", summary="Write down what was said."),
    _operation(
        name="writeInternal", action="send", channel="transcriptInternal", summary="Write down notes and receipts."
    ),
    _operation(name="keepDraft", action="send", channel="draft", summary="Store the words before the decision."),
    _operation(name="sendReply", action="send", channel="outbound", summary="Hand a decided reply to its channel."),
    _operation(
        name="ask", action="send", channel="command", replies="commandReply", summary="Have the desk's leader decide."
    ),
    _operation(name="show", action="receive", channel="livePublic", summary="Show what was said as it is stored."),
    _operation(name="showInternal", action="receive", channel="liveInternal", summary="Show notes as they are stored."),
    _operation(name="transfer", action="send", channel="transfer", summary="Give contacts to other desks."),
    _operation(name="hearDesks", action="receive", channel="transfer", summary="Take contacts of other desks."),
    _operation(name="sendOn", action="send", channel="forward", summary="Send on what is for another desk."),
    _operation(name="takeOver", action="receive", channel="forward", summary="Decide what other desks sent on."),
    _operation(name="parkWork", action="send", channel="parked", summary="Put aside what could not be decided upon."),
)

_ENVELOPE = ("type", "at", "contact", "agent")
"""Fields of a decision that a `DeskEvent` carries itself; the others stand in its `data`."""

_UNTOLD = (*_ENVELOPE, *PRIVATE)

_HEAD = """# What a desk tells everybody else

Written by `make docs` from `router.core.event`. Each stands on `event.<desk>.<kind>` as a `DeskEvent`
([schema](schema/desk_event.json)): `id` (`<epoch>.<index>.<n>`, growing), `desk`, `kind`, `at` (when it took effect: for
a breach the deadline), and where they apply `contact` and `agent`. What else there is to say stands in `data`, as below
and in [its schema](schema/desk_event_data.json). New kinds and new fields may come at any time; ignore what you do not
know. After a crash an event may be told again: drop an `id` that is not above the last one you have seen of that desk.

| kind | what happened | data |
| --- | --- | --- |
"""


def contribution() -> Contribution:
    return Contribution(
        values={},
        schemas={"desk_event_data": _data_schema()},
        pages={"events.md": _events_page(), "openapi.json": _openapi()},
        channels=_CHANNELS,
        operations=_OPERATIONS,
        settings=(Settings(title="The router", kind=RouterSettings, section=NAME),),
    )


def _kinds() -> list[type[Event]]:
    return sorted(get_args(DeskDecision), key=lambda kind: kind.__name__)


def _data_schema() -> Schema:
    """What `data` holds for each `kind` of a `DeskEvent`."""
    definitions = components(_kinds(), "#/$defs/")
    for kind in _kinds():
        schema = definitions[kind.__name__]
        for name in _UNTOLD:
            schema["properties"].pop(name, None)
        schema["required"] = [name for name in schema["required"] if name not in _UNTOLD]
    for kept_back in Carried.__subclasses__():
        definitions.pop(kept_back.__name__, None)
    return {
        "$schema": DIALECT,
        "$id": f"urn:frontline:schema:desk_event_data:{MAJOR}",
        "title": "DeskEvent and its data",
        "oneOf": [
            {
                "title": kind.__name__,
                "properties": {"kind": {"const": kind.__name__}, "data": {"$ref": f"#/$defs/{kind.__name__}"}},
                "required": ["kind"],
            }
            for kind in _kinds()
        ],
        "$defs": definitions,
    }


def _events_page() -> str:
    rows = [f"| `{kind.__name__}` | {summary(kind)} | {_data_cell(kind)} |\n" for kind in _kinds()]
    return _HEAD + "".join(rows)


def _openapi() -> str:
    """What `GET /api/openapi.json` answers."""
    written = msgspec.json.encode(document(ROUTES, frontline.__version__))
    return msgspec.json.format(written, indent=2).decode() + "\n"


def _data_cell(kind: type[Event]) -> str:
    notes = field_notes(kind)
    names = [field.encode_name for field in msgspec.structs.fields(kind) if field.encode_name not in _UNTOLD]
    return "<br>".join(f"`{name}`: {notes[name]}" if name in notes else f"`{name}`" for name in names)
