"""One full and one minimal value of everything that is stored or sent under schema 1.0.

`python -m tests.contract.samples` records the bytes of samples that have none yet. A recorded file
is never written again: it is what some deployment has on its disk.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from frontline.contract.codec import encode
from frontline.contract.deskview import DeskView, Foretold, Present, Range, Standing
from frontline.contract.draft import Draft
from frontline.contract.event import DeskEvent
from frontline.contract.ids import AgentId, ChannelName, ContactId, CustomerId, DeskId, InboxId, MessageId
from frontline.contract.message import (
    Attachment,
    Automation,
    DeliveryReceipt,
    DeliveryState,
    Envelope,
    Evidence,
    Identity,
    IdentityStatus,
    InboundMessage,
    MessageKind,
    ObjectRef,
    OutboundKind,
    OutboundMessage,
    Presence,
    Quoted,
    Recipient,
    ThreadEvidence,
    ThreadKey,
    ThreadRef,
    Times,
    idempotency_key,
    message_id,
)
from frontline.contract.signal import Here, PickUp, Ring, StopRinging, Typing
from frontline.contract.transcript import Author, Direction, ItemKind, TranscriptItem

GOLDEN = Path(__file__).parent / "golden"

EMAIL = ChannelName("email")
SUPPORT = InboxId("support")
RECEIVED = datetime(2026, 3, 29, 0, 59, 59, 999000, UTC)
SENT = datetime(2026, 3, 29, 0, 58, 0, 0, UTC)
ACCEPTED = datetime(2026, 3, 29, 0, 59, 58, 500000, UTC)

_identity = Identity(
    channel=EMAIL,
    address="kim@customer.example",
    name="Kim Ünal",
    status=IdentityStatus.VERIFIED,
    evidence=(Evidence(method="dmarc", result="pass"),),
)
_ref = ObjectRef(bucket="ATTACHMENTS", name="m0/1", size=7, sha256="5e" * 32)
_attachment = Attachment(name="fire 🔥.png", media_type="image/png", content=_ref, content_id="a@b", inline=True)
_recipient = Recipient(address="lee@customer.example", name="Lee", role="cc")
_key = idempotency_key(account="support", native_id="<1@customer.example>", kind="message")
_thread = ThreadKey(
    kind="message-id", value="1@customer.example", evidence=ThreadEvidence.REFERENCE, finds=False, binds=True
)

_wait = Range(low=timedelta(minutes=1), high=timedelta(minutes=4))

_inbound_minimal = InboundMessage(
    id=message_id(_key),
    key=_key,
    channel=EMAIL,
    inbox=SUPPORT,
    native_id="<1@customer.example>",
    sender=Identity(channel=EMAIL, address="kim@customer.example"),
    times=Times(received=RECEIVED),
)
_outbound_minimal = OutboundMessage(
    id=MessageId("r1"),
    channel=EMAIL,
    inbox=SUPPORT,
    desk=DeskId("support"),
    contact=ContactId("c1"),
    customer=CustomerId("p1"),
    author=AgentId("agent-1"),
    author_name="Demo agent 1",
    to=(Recipient(address="kim@customer.example"),),
    written=RECEIVED,
)
_outbound_full = msgspec.structs.replace(
    _outbound_minimal,
    subject="Re: Printer on fire",
    text="Please step back.",
    html="<p>Please step back.</p>",
    attachments=(_attachment,),
    thread=(ThreadRef(native_id="<1@customer.example>"), ThreadRef(reply=MessageId("r0"))),
    kind=OutboundKind.SURVEY,
    quoted=Quoted(at=RECEIVED, name="Kim Ünal", text="It burns.", html="<p>It burns.</p>"),
    native={"priority": 1},
    until=datetime(2026, 3, 29, 2, 0, 0, 0, UTC),
)
_item_minimal = TranscriptItem(
    id=MessageId("m1"),
    contact=ContactId("c1"),
    at=RECEIVED,
    kind=ItemKind.NOTE,
    direction=Direction.INTERNAL,
    author=Author(role="system"),
    channel=EMAIL,
    inbox=SUPPORT,
)
_item_full = msgspec.structs.replace(
    _item_minimal,
    kind=ItemKind.RECEIPT,
    direction=Direction.IN,
    author=Author(role="customer", id="p1", name="Kim Ünal", identity=_identity),
    native_id="<1@customer.example>",
    subject="Printer on fire",
    text="It burns.\n> what burns?",
    reply_text="It burns.",
    html="<p>It burns.</p>",
    recipients=(_recipient,),
    attachments=(_attachment,),
    original=ObjectRef(bucket="ORIGINALS", name="m0/0", size=1234, sha256="0a" * 32),
    automation=Automation.AUTO_REPLIED,
    threaded_by="reference",
    flaw="no boundary",
    withheld="a virus",
    delivery=DeliveryState.UNKNOWN,
    reply=MessageId("r1"),
    revision=2,
    language="en",
    moved=1,
    moved_from=ContactId("c0"),
    native={"return_path": ""},
)

SAMPLES: dict[str, Envelope] = {
    "inbound_message.minimal": _inbound_minimal,
    "inbound_message.full": msgspec.structs.replace(
        _inbound_minimal,
        sender=_identity,
        times=Times(received=RECEIVED, sent=SENT, accepted=ACCEPTED, stored=RECEIVED),
        kind=MessageKind.VOICEMAIL,
        presence=Presence.LEFT,
        automation=Automation.AUTO_GENERATED,
        recipients=(_recipient,),
        subject="Printer on fire",
        text="It burns.\n> what burns?",
        reply_text="It burns.",
        html="<p>It burns.</p>",
        language="en",
        attachments=(_attachment,),
        thread=(_thread,),
        original=ObjectRef(bucket="ORIGINALS", name="m0/0", size=1234, sha256="0a" * 32),
        flaw="no boundary",
        withheld="a virus",
        revision=2,
        native={"return_path": "", "spam": 0.25, "hops": [1, None, True]},
    ),
    "delivery_receipt.minimal": DeliveryReceipt(
        id=MessageId("m2"),
        key="7:support,2:r1,receipt",
        channel=EMAIL,
        inbox=SUPPORT,
        reply=MessageId("r1"),
        contact=ContactId("c1"),
        state=DeliveryState.SENT,
        times=Times(received=RECEIVED),
    ),
    "delivery_receipt.full": DeliveryReceipt(
        id=MessageId("m2"),
        key="7:support,2:r1,receipt",
        channel=EMAIL,
        inbox=SUPPORT,
        reply=MessageId("r1"),
        contact=ContactId("c1"),
        state=DeliveryState.FAILED,
        times=Times(received=RECEIVED, accepted=ACCEPTED),
        native_id="<r1@frontline.example>",
        detail="550 5.1.1 no such mailbox",
    ),
    "outbound_message.minimal": _outbound_minimal,
    "outbound_message.full": _outbound_full,
    "transcript_item.minimal": _item_minimal,
    "transcript_item.full": _item_full,
    "draft.minimal": Draft(item=_item_minimal),
    "draft.full": Draft(item=_item_full, outbound=_outbound_full),
    "desk_event.minimal": DeskEvent(id="1.2.0", desk=DeskId("support"), kind="ConfigChanged", at=RECEIVED),
    "desk_event.full": DeskEvent(
        id="1.3.1",
        desk=DeskId("support"),
        kind="ContactAssigned",
        at=RECEIVED,
        contact=ContactId("c1"),
        agent=AgentId("agent-1"),
        data={"via": "auto", "rule": "longest_idle"},
    ),
    "desk_view.minimal": DeskView(desk=DeskId("support"), at=RECEIVED, online=False),
    "desk_view.full": DeskView(
        desk=DeskId("support"),
        at=RECEIVED,
        online=True,
        people=(Present(name="Demo agent 1", picture="https://support.frontline.example/1.png"),),
        wait={"chat": _wait},
        opens_at=ACCEPTED,
        contacts={
            ContactId("c1"): Standing(
                state="waiting",
                position=2,
                wait=_wait,
                agent=AgentId("agent-1"),
                agent_name="Demo agent 1",
                agent_picture="https://support.frontline.example/1.png",
            )
        },
        foretold=Foretold(waits=120, longer=timedelta(seconds=-4), off=timedelta(seconds=31), within=0.79),
    ),
    "typing.minimal": Typing(contact=ContactId("c1"), who="customer"),
    "typing.full": Typing(contact=ContactId("c1"), who="agent"),
    "here.minimal": Here(contact=ContactId("c1")),
    "here.full": Here(contact=ContactId("c1"), asks=True),
    "ring.minimal": Ring(contact=ContactId("c1"), offer="o1", agent=AgentId("agent-1")),
    "ring.full": Ring(contact=ContactId("c1"), offer="o1", agent=AgentId("agent-1"), number="+12025550123"),
    "stop_ringing.minimal": StopRinging(contact=ContactId("c1"), offer="o1", outcome="accepted"),
    "stop_ringing.full": StopRinging(contact=ContactId("c1"), offer="o1", outcome="timed_out"),
    "pick_up.minimal": PickUp(contact=ContactId("c1"), offer="o1", agent=AgentId("agent-1")),
    "pick_up.full": PickUp(contact=ContactId("c1"), offer="o2", agent=AgentId("agent-2")),
}


def record() -> None:
    GOLDEN.mkdir(exist_ok=True)
    for name, value in SAMPLES.items():
        path = GOLDEN / f"{name}.json"
        if not path.exists():
            path.write_bytes(encode(value) + b"\n")


if __name__ == "__main__":
    record()
