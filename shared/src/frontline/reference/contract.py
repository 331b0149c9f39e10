"""What the contract and the host of the channels add to the reference."""

import msgspec

from frontline.contract import subject
from frontline.contract.channel import Inbox
from frontline.contract.customer import Person
from frontline.contract.draft import Draft
from frontline.contract.event import DeskEvent
from frontline.contract.ids import ChannelName, ContactId, DeskId, InboxId
from frontline.contract.message import DeliveryReceipt, InboundMessage, OutboundMessage
from frontline.contract.signal import Ring, StopRinging, Typing
from frontline.contract.transcript import TranscriptItem
from frontline.reference.contribution import Channel, Contribution, Operation, Settings
from frontline.runtime.delivery import DeliverySettings
from frontline.runtime.host import HostSettings
from frontline.runtime.settings import RuntimeSettings
from frontline.runtime.topology import DRAFTS, EVENTS, OUTBOX, PARKED, TRANSCRIPT
from frontline.supervisor.storage import StorageSettings

HOST = "channel host"
OPERATOR = "operator"

CHANNEL, DESK = ChannelName("a-channel"), DeskId("a-desk")
_INBOX, _CONTACT = InboxId("an-inbox"), ContactId("a-contact")
_PARAMETERS = {
    CHANNEL: "channel",
    DESK: "desk",
    _INBOX: "inbox",
    _CONTACT: "contact",
    "a-kind": "kind",
    "a-service": "service",
    "a-reason": "reason",
    "an-epoch": "epoch",
}


def address(built: str) -> str:
    """A subject that was built from the names above, with parameters in their places."""
    return ".".join(f"{{{_PARAMETERS[token]}}}" if token in _PARAMETERS else token for token in built.split("."))


class Parked(msgspec.Struct):
    """The bytes as they were when they could not be processed, whatever they are."""


CHANNELS = (
    Channel(
        name="inbound",
        address=address(subject.inbound(CHANNEL, _INBOX)),
        summary="What customers say, and what became of our replies; work that a desk has still to decide upon.",
        messages=(InboundMessage, DeliveryReceipt),
        stream=subject.inbox_stream(CHANNEL).replace(CHANNEL, "{channel}"),
    ),
    Channel(
        name="outbound",
        address=address(subject.outbound(CHANNEL, _INBOX)),
        summary="Replies to deliver.",
        messages=(OutboundMessage,),
        stream=OUTBOX,
    ),
    Channel(
        name="event",
        address=address(subject.event(DESK, "a-kind")),
        summary="What a desk decided, for everybody else; ids only. Subscribe to it: it is made for that.",
        messages=(DeskEvent,),
        stream=EVENTS,
    ),
    Channel(
        name="draft",
        address=address(subject.draft(DESK)),
        summary="The words of replies and notes, stored before the desk decides.",
        messages=(Draft,),
        stream=DRAFTS,
    ),
    Channel(
        name="transcriptPublic",
        address=address(subject.transcript_public(_CONTACT)),
        summary="What was said and may be shown to the customer.",
        messages=(TranscriptItem,),
        stream=TRANSCRIPT,
    ),
    Channel(
        name="transcriptInternal",
        address=address(subject.transcript_internal(_CONTACT)),
        summary="Notes and receipts, for agents only.",
        messages=(TranscriptItem,),
        stream=TRANSCRIPT,
    ),
    Channel(
        name="livePublic",
        address=address(subject.live_public(_CONTACT)),
        summary="Items of the public transcript once they are stored; a nudge, the stream is the truth.",
        messages=(TranscriptItem,),
    ),
    Channel(
        name="liveInternal",
        address=address(subject.live_internal(_CONTACT)),
        summary="Items of the internal transcript once they are stored.",
        messages=(TranscriptItem,),
    ),
    Channel(
        name="publicCopy",
        address=address(subject.public_copy(_CONTACT)),
        summary="Items of the public transcript once they are in the copy that intakes may read; a nudge, as before.",
        messages=(TranscriptItem,),
    ),
    Channel(
        name="signal",
        address=address(subject.signal(CHANNEL, _INBOX)),
        summary="What holds for a moment only: typing, ringing. Never stored, may be lost.",
        messages=(Ring, StopRinging, Typing),
        headed=False,
    ),
    Channel(
        name="parked",
        address=address(subject.parked("a-service", "a-reason")),
        summary="What could not be processed, until a person acts.",
        messages=(Parked,),
        stream=PARKED,
    ),
)

OPERATIONS = (
    Operation(
        name="storeInbound",
        service=HOST,
        action="send",
        channel="inbound",
        summary="Store a message or receipt of a channel; its sender is told so only after the acknowledgement.",
    ),
    Operation(
        name="deliverReply",
        service=HOST,
        action="receive",
        channel="outbound",
        summary="Deliver a reply by its channel.",
    ),
    Operation(
        name="followConversation",
        service=HOST,
        action="receive",
        channel="publicCopy",
        summary="Show a customer the conversation as it grows.",
    ),
    Operation(
        name="tellSignal",
        service=HOST,
        action="send",
        channel="signal",
        summary="Tell that somebody writes, or that a call is to ring.",
    ),
    Operation(
        name="hearSignal",
        service=HOST,
        action="receive",
        channel="signal",
        summary="Pass on to the channel what holds at this moment.",
    ),
    Operation(
        name="replay",
        service=OPERATOR,
        action="send",
        channel="inbound",
        summary="Have an original that was parsed again shown in its new form (`frontline replay`).",
    ),
    Operation(
        name="lookAtParked",
        service=OPERATOR,
        action="receive",
        channel="parked",
        summary="List, release or drop what was put aside (`frontline parked`); released, it goes where it came from.",
    ),
    Operation(
        name="parkReply",
        service=HOST,
        action="send",
        channel="parked",
        summary="Put aside a reply that can't be delivered.",
    ),
)


def contribution() -> Contribution:
    return Contribution(
        values={"inbox": Inbox, "person": Person},
        schemas={},
        pages={},
        channels=CHANNELS,
        operations=OPERATIONS,
        settings=(
            Settings(title="Every process", kind=RuntimeSettings, section="runtime"),
            Settings(title="`frontline up` and `frontline nats provision`", kind=StorageSettings, section="storage"),
            Settings(title="The host of every channel", kind=HostSettings, section="host"),
            Settings(
                title="Delivery of replies, by the host of every channel", kind=DeliverySettings, section="delivery"
            ),
        ),
    )
