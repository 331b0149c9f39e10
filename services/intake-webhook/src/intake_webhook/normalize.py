"""From the body of a webhook to an `InboundMessage`. Pure: what is known otherwise comes in as an argument."""

from typing import Annotated

import msgspec

from frontline.contract.clock import Instant
from frontline.contract.codec import to_milliseconds
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ChannelName, InboxId, MessageId
from frontline.contract.message import (
    Identity,
    InboundMessage,
    ObjectRef,
    ThreadEvidence,
    ThreadKey,
    Times,
    idempotency_key,
    message_id,
)

CHANNEL = ChannelName("webhook")

Name = Annotated[str, msgspec.Meta(max_length=320)]


class Sender(msgspec.Struct, frozen=True):
    """Who wrote: `address` is what the sending system knows the person by, and where replies go."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    name: Name = ""


class Posted(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A message as it is posted. `thread` is the same for all messages of one conversation."""

    sender: Sender
    text: str
    subject: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    thread: Name = ""
    language: Annotated[str, msgspec.Meta(max_length=35)] = ""
    sent: Instant | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """How it came: what the body doesn't say. Kept as the message's `native` part."""

    inbox: InboxId
    id: str
    received: Instant


def parse(body: bytes) -> Posted:
    """`Rejected` for what is no message, with a word about what is wrong."""
    try:
        return msgspec.json.decode(body, type=Posted)
    except msgspec.ValidationError as error:
        raise Rejected(str(error), Reason.MALFORMED) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("not JSON", Reason.MALFORMED) from error


def identifier(inbox: InboxId, id_: str) -> MessageId:
    """The id that a message will have, for what is stored before it."""
    return message_id(_key(inbox, id_))


def normalise(posted: Posted, arrival: Arrival, original: ObjectRef) -> InboundMessage:
    """The sender's id makes two deliveries the same message, whatever else is in them."""
    key = _key(arrival.inbox, arrival.id)
    thread = f"{arrival.inbox} {posted.thread or posted.sender.address}"
    return InboundMessage(
        id=message_id(key),
        key=key,
        channel=CHANNEL,
        inbox=arrival.inbox,
        native_id=arrival.id,
        sender=Identity(channel=CHANNEL, address=posted.sender.address, name=posted.sender.name),
        times=Times(
            received=to_milliseconds(arrival.received),
            sent=to_milliseconds(posted.sent) if posted.sent else None,
        ),
        subject=posted.subject,
        text=posted.text,
        reply_text=posted.text,
        language=posted.language,
        thread=(ThreadKey(kind=CHANNEL, value=thread, evidence=ThreadEvidence.THREAD),),
        original=original,
        native=msgspec.to_builtins(arrival),
    )


def arrival_of(native: dict[str, object]) -> Arrival:
    """How a message came, from its `native` part. Raises `msgspec.ValidationError`."""
    return msgspec.convert(native, Arrival)


def _key(inbox: InboxId, id_: str) -> str:
    return idempotency_key(account=f"{CHANNEL}:{inbox}", native_id=id_, kind="message")
