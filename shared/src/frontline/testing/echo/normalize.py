"""From the body of a request to an `InboundMessage`. Pure: what is known otherwise comes in as an argument."""

from datetime import datetime

import msgspec

from frontline.contract.codec import to_milliseconds
from frontline.contract.error import Reason, Rejected
from frontline.contract.ids import ChannelName, InboxId
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

CHANNEL = ChannelName("echo")


class Native(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """A message as senders write it. `id` is theirs, and the same when they send it again."""

    id: str
    sender: str
    text: str
    name: str = ""


def parse(body: bytes) -> Native:
    """`Rejected` for what is no message."""
    try:
        native = msgspec.json.decode(body, type=Native)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Rejected("not a message: id, from and text are needed", Reason.MALFORMED) from error
    if not native.id or not native.sender:
        raise Rejected("id and from must not be empty", Reason.MALFORMED)
    return native


def key_of(native: Native, inbox: InboxId) -> str:
    """What two deliveries of the same message have in common."""
    return idempotency_key(account=f"{CHANNEL}:{inbox}", native_id=native.id, kind="message")


def normalise(native: Native, inbox: InboxId, received: datetime, original: ObjectRef) -> InboundMessage:
    key = key_of(native, inbox)
    return InboundMessage(
        id=message_id(key),
        key=key,
        channel=CHANNEL,
        inbox=inbox,
        native_id=native.id,
        sender=Identity(channel=CHANNEL, address=native.sender, name=native.name),
        times=Times(received=to_milliseconds(received)),
        text=native.text,
        reply_text=native.text,
        # One conversation a sender: what they write next belongs to it.
        thread=(ThreadKey(kind=CHANNEL, value=native.sender, evidence=ThreadEvidence.THREAD),),
        original=original,
    )
